//! Many seeds, each a process of its own, and what came of them.

use crate::{
    Arguments,
    computer::copy_all,
    province::found,
    tally::Tally,
    world::{Hand, World},
};
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::{
    collections::BTreeMap,
    env,
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

/// Every so many seeds one is run twice, and must give the same trace.
const TWICE_EVERY: u64 = 10;
/// Seeds that failed once; they run in every run that begins at the first.
const FAILED_ONCE: &str = include_str!("../seeds.txt");

/// One seed in this process. The last line that it prints is its trace, then its counts.
pub fn one(seed: u64, arguments: &Arguments) -> Result<bool> {
    if let Some(plant) = arguments.plant {
        plant.plant()?;
    }
    let place = tempfile::tempdir()?;
    let hand = Hand::of(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = arguments.template.is_none();
    runtime.block_on(async {
        let province = place.path().join("province");
        match &arguments.template {
            Some(template) => copy_all(template, &province)?,
            None => found(&province, &hand).await?,
        }
        let root = place.path().to_owned();
        let mut world = World::new(root, province, hand, Tally::telling(told))?;
        let mut broken = Vec::new();
        for _ in 0..arguments.steps {
            if let Err(error) = world.step().await {
                broken.push(format!("a step failed: {error:#}"));
                break;
            }
        }
        if broken.is_empty() {
            broken = world.heal().await.unwrap_or_else(|error| vec![format!("{error:#}")]);
        }
        world.aggregator.kill().await;
        let (trace, counts) = world.tally.finish();
        for promise in &broken {
            println!("BROKEN {promise}");
        }
        println!("TRACE {trace}");
        for (name, count) in counts {
            println!("COUNT {count} {name}");
        }
        Ok(broken.is_empty())
    })
}

/// What a process told.
struct Told {
    seed: u64,
    trace: String,
    broken: Vec<String>,
    counts: BTreeMap<String, u64>,
}

/// Many seeds; prints the table. False when a promise was broken.
pub fn many(arguments: &Arguments) -> Result<bool> {
    let began = Instant::now();
    if let Some(plant) = arguments.plant {
        plant.plant()?;
    }
    let place = tempfile::tempdir()?;
    let template = place.path().join("template");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(found(&template, &Hand::of(0)))?;
    let mut seeds: Vec<u64> = (arguments.from..arguments.from + arguments.seeds).collect();
    if arguments.from == 1 && arguments.plant.is_none() {
        seeds.extend(FAILED_ONCE.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok()));
    }
    let again: Vec<u64> = seeds.iter().copied().filter(|seed| seed % TWICE_EVERY == 0).collect();
    let total = seeds.len();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut traces: BTreeMap<u64, String> = BTreeMap::new();
    let mut failures: Vec<String> = Vec::new();
    let mut first_failure = None;
    let mut running: Vec<(u64, Child)> = Vec::new();
    let mut waiting = seeds.into_iter().chain(again).peekable();
    let mut done = 0;
    while waiting.peek().is_some() || !running.is_empty() {
        while running.len() < arguments.at_once.max(1) {
            let Some(seed) = waiting.next() else { break };
            running.push((seed, start(seed, &template, arguments)?));
        }
        let (seed, child) = running.remove(0);
        let told = hear(seed, child)?;
        done += 1;
        if let Some(before) = traces.insert(told.seed, told.trace.clone()) {
            if before != told.trace && arguments.plant.is_none() {
                failures.push(format!("seed {seed}: another trace the second time"));
            }
            continue;
        }
        for (name, count) in told.counts {
            *counts.entry(name).or_default() += count;
        }
        if !told.broken.is_empty() {
            first_failure.get_or_insert((done, began.elapsed()));
            failures.extend(told.broken.into_iter().map(|promise| format!("seed {seed}: {promise}")));
            if arguments.plant.is_some() {
                break;
            }
        }
    }
    for (_, mut child) in running {
        // Only after a planted fault was found: the others are not waited for.
        child.kill().ok();
        child.wait()?;
    }
    tell(&counts, total, began.elapsed().as_secs_f64());
    if let (Some(plant), Some((after, took))) = (arguments.plant, first_failure) {
        let name = plant.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        println!("the planted fault {name} was found at seed number {after}, after {:.1} s", took.as_secs_f64());
    }
    for failure in failures.iter().take(40) {
        println!("FAILED {failure}");
    }
    println!("{} failures; one seed alone, with what happens: cargo sim -- --one SEED", failures.len());
    Ok(failures.is_empty())
}

fn start(seed: u64, template: &Path, arguments: &Arguments) -> Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["--one", &seed.to_string(), "--steps", &arguments.steps.to_string(), "--template"]).arg(template);
    if let Some(plant) = arguments.plant.and_then(|plant| plant.to_possible_value()) {
        command.args(["--plant", plant.get_name()]);
    }
    command.stdout(Stdio::piped()).spawn().context("a process for a seed")
}

fn hear(seed: u64, child: Child) -> Result<Told> {
    let output = child.wait_with_output()?;
    let mut told = Told { seed, trace: String::new(), broken: Vec::new(), counts: BTreeMap::new() };
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some(promise) = line.strip_prefix("BROKEN ") {
            told.broken.push(promise.to_owned());
        } else if let Some(trace) = line.strip_prefix("TRACE ") {
            trace.clone_into(&mut told.trace);
        } else if let Some((count, name)) = line.strip_prefix("COUNT ").and_then(|rest| rest.split_once(' ')) {
            told.counts.insert(name.to_owned(), count.parse()?);
        }
    }
    if told.trace.is_empty() {
        told.broken.push(format!("the process ended with {}", output.status));
    }
    Ok(told)
}

fn tell(counts: &BTreeMap<String, u64>, seeds: usize, seconds: f64) {
    println!("{seeds} seeds in {seconds:.1} s ({:.2} s each, several at once)", seconds / seeds.max(1) as f64);
    let minutes = counts.get("simulated minutes").copied().unwrap_or_default();
    println!("{:>10}  simulated hours", minutes / 60);
    for (name, count) in counts.iter().filter(|(name, _)| *name != "simulated minutes") {
        println!("{count:>10}  {name}");
    }
}
