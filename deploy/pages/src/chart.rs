//! Charts as inline SVG, coloured by the style sheet so that they follow the theme.
//!
//! Scales of heights begin at zero; a scale of a trend says where it begins. Each chart has its figures in words as well: a description
//! that is read out, and a label on each mark.

use maud::{Markup, html};
use shared::{language::Language, listing::number_for_people};

/// Width of a chart, in its own units.
const WIDTH: f64 = 640.0;
/// Height of a chart.
const HEIGHT: f64 = 220.0;
/// Room at the left for the scale.
const LEFT: f64 = 44.0;
/// Room below for the labels.
const BELOW: f64 = 28.0;
/// Room above.
const ABOVE: f64 = 16.0;
/// Room at the right.
const RIGHT: f64 = 12.0;

/// A bar of a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bin {
    /// What stands below it, `60–65`.
    pub label: String,
    /// How many.
    pub count: u64,
    /// Whether it is the one to look for.
    pub marked: bool,
}

/// How many there are of each: bars from zero.
#[must_use]
pub fn distribution(bins: &[Bin], description: &str) -> Markup {
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(0).max(1);
    let step = (WIDTH - LEFT - RIGHT) / to_f64(bins.len().max(1));
    let height = HEIGHT - BELOW - ABOVE;
    let x = |at: usize| LEFT + step * to_f64(at);
    // A label every so often, where they would run into each other.
    let every = bins.len().div_ceil(11).max(1);
    html! {
        svg .chart viewBox=(view()) role="img" aria-label=(description) {
            @for tick in ticks(most) {
                @let y = ABOVE + height * (1.0 - share(tick, most));
                line .grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(round(y)) y2=(round(y)) {}
                text .scale x=(LEFT - 8.0) y=(round(y + 4.0)) text-anchor="end" { (tick) }
            }
            @for (at, bin) in bins.iter().enumerate() {
                @let tall = height * share(bin.count, most);
                g {
                    title { (bin.label) ": " (bin.count) }
                    rect .column .marked[bin.marked] x=(round(x(at) + step * 0.08)) y=(round(ABOVE + height - tall)) width=(round(step * 0.84)) height=(round(tall)) {}
                    @if bin.count > 0 {
                        text .value x=(round(x(at) + step / 2.0)) y=(round(ABOVE + height - tall - 4.0)) text-anchor="middle" { (bin.count) }
                    }
                    @if at.is_multiple_of(every) {
                        text .label x=(round(x(at) + step / 2.0)) y=(HEIGHT - 8.0) text-anchor="middle" { (bin.label) }
                    }
                }
            }
        }
    }
}

/// A line of a trend.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// A figure for each place of the scale, in machine form; none where there is nothing.
    pub figures: Vec<Option<String>>,
    /// Which of the line styles, 0 to 3.
    pub style: usize,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// From zero up, at least to the figure.
    FromZero(u32),
    /// Ranks: 1 on top, down to the last.
    Ranks(u32),
}

/// Which line is whose: its colour, its dashes and its mark.
#[must_use]
pub fn legend(lines: &[Line]) -> Markup {
    html! {
        div .legend { @for line in lines {
            span {
                svg viewBox="0 0 26 10" class={ "line s" (line.style % 4) } aria-hidden="true" { polyline points="0,5 26,5" {} (point(line.style, 13.0, 5.0)) }
                (line.name)
            }
        } }
    }
}

/// Figures over time, one line for each name, with a mark and a label for each figure.
#[must_use]
pub fn trend(labels: &[String], lines: &[Line], scale: Scale, description: &str, language: Language) -> Markup {
    let (top, bottom) = match scale {
        Scale::FromZero(least) => {
            let most = lines.iter().flat_map(|line| &line.figures).flatten().map(|figure| number(figure));
            (most.fold(f64::from(least), f64::max), 0.0)
        }
        Scale::Ranks(last) => (1.0, f64::from(last.max(2))),
    };
    let height = HEIGHT - BELOW - ABOVE;
    let step = (WIDTH - LEFT - RIGHT - 20.0) / to_f64(labels.len().saturating_sub(1).max(1));
    let x = |at: usize| LEFT + 10.0 + step * to_f64(at);
    let y = |figure: f64| ABOVE + height * (top - figure) / (top - bottom);
    let marks: Vec<f64> = match scale {
        Scale::FromZero(_) => (0..=4_u32).map(|part| top * f64::from(part) / 4.0).collect(),
        Scale::Ranks(last) => [1.0, (1.0 + f64::from(last)) / 2.0, f64::from(last)].map(f64::round).to_vec(),
    };
    html! {
        svg .chart viewBox=(view()) role="img" aria-label=(description) {
            @for mark in &marks {
                line .grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(round(y(*mark))) y2=(round(y(*mark))) {}
                text .scale x=(LEFT - 8.0) y=(round(y(*mark) + 4.0)) text-anchor="end" {
                    (number_for_people(&trimmed(*mark), language))
                }
            }
            @for (at, label) in labels.iter().enumerate() {
                text .label x=(round(x(at))) y=(HEIGHT - 8.0) text-anchor="middle" { (label) }
            }
            @for line in lines {
                g class={ "line s" (line.style % 4) } {
                    @for stretch in stretches(&line.figures) {
                        @let points: Vec<String> = stretch.iter().map(|(at, figure)| format!("{},{}", round(x(*at)), round(y(number(figure))))).collect();
                        polyline points=(points.join(" ")) {}
                        @for (at, figure) in &stretch {
                            g {
                                title { (line.name) ", " (labels.get(*at).map_or("", String::as_str)) ": " (number_for_people(figure, language)) }
                                (point(line.style, x(*at), y(number(figure))))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A line small enough to stand in a cell; the figures are read out.
#[must_use]
pub fn spark(figures: &[Option<String>], language: Language) -> Markup {
    let known: Vec<f64> = figures.iter().flatten().map(|figure| number(figure)).collect();
    let (least, most) = known.iter().fold((f64::MAX, f64::MIN), |(least, most), one| (least.min(*one), most.max(*one)));
    let span = (most - least).max(f64::EPSILON);
    let step = 72.0 / to_f64(figures.len().saturating_sub(1).max(1));
    let words: Vec<String> = figures
        .iter()
        .map(|figure| figure.as_ref().map_or("–".into(), |figure| number_for_people(figure, language)))
        .collect();
    html! {
        @if known.len() >= 2 {
            svg .spark viewBox="0 0 80 20" role="img" aria-label=(words.join(", ")) {
                @for stretch in stretches(figures) {
                    @let points: Vec<String> = stretch.iter().map(|(at, figure)| {
                        format!("{},{}", round(4.0 + step * to_f64(*at)), round(17.0 - 14.0 * (number(figure) - least) / span))
                    }).collect();
                    polyline points=(points.join(" ")) {}
                    @if let Some(last) = points.last().and_then(|point| point.split_once(',')) {
                        circle cx=(last.0) cy=(last.1) r="2" {}
                    }
                }
            }
        }
    }
}

/// Each style has a shape of its own, so that lines differ without colour.
fn point(style: usize, x: f64, y: f64) -> Markup {
    html! {
        @match style % 4 {
            0 => circle cx=(round(x)) cy=(round(y)) r="4" {},
            1 => rect x=(round(x - 3.5)) y=(round(y - 3.5)) width="7" height="7" {},
            2 => path d=(format!("M{} {} l5 8.5 h-10 Z", round(x), round(y - 5.0))) {},
            _ => path d=(format!("M{} {} l5 5 l-5 5 l-5 -5 Z", round(x), round(y - 5.0))) {},
        }
    }
}

/// Runs of figures without a gap.
fn stretches(figures: &[Option<String>]) -> Vec<Vec<(usize, &String)>> {
    let mut all: Vec<Vec<(usize, &String)>> = vec![Vec::new()];
    for (at, figure) in figures.iter().enumerate() {
        match (figure, all.last_mut()) {
            (Some(figure), Some(stretch)) => stretch.push((at, figure)),
            _ => all.push(Vec::new()),
        }
    }
    all.retain(|stretch| !stretch.is_empty());
    all
}

/// Whole numbers from 0 to the most, at most six.
fn ticks(most: u64) -> Vec<u64> {
    let step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]
        .into_iter()
        .find(|step| most / step <= 5)
        .unwrap_or(most.max(1));
    (0..=most / step).map(|count| count * step).collect()
}

// Places on a screen, not figures: binary floats are exact enough here, and nothing computed comes from them.
fn number(machine: &str) -> f64 {
    machine.parse().unwrap_or_default()
}

fn share(part: u64, whole: u64) -> f64 {
    to_f64(usize::try_from(part).unwrap_or(usize::MAX)) / to_f64(usize::try_from(whole).unwrap_or(usize::MAX))
}

fn to_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn round(place: f64) -> String {
    trimmed((place * 10.0).round() / 10.0)
}

fn trimmed(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

fn view() -> String {
    format!("0 0 {WIDTH} {HEIGHT}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_there_in_words() {
        let bins = [3, 0, 12].map(|count| Bin { label: format!("n{count}"), count, marked: count == 3 });
        let text = distribution(&bins, "phân bố").into_string();
        assert!(
            text.contains("n12: 12") && text.contains("n0: 0") && text.contains("aria-label=\"phân bố\""),
            "{text}"
        );
        let lines =
            [Line { name: "Xã A".into(), figures: vec![Some("76.50".into()), None, Some("80.00".into())], style: 0 }];
        let months = ["08", "09", "10"].map(String::from);
        let text = trend(&months, &lines, Scale::FromZero(100), "điểm", Language::Vi).into_string();
        assert!(text.contains("Xã A, 10: 80,00") && text.matches("<polyline").count() == 2, "a gap is no line: {text}");
        assert!(text.contains(">100<") && text.contains(">0<"), "a scale from zero: {text}");
    }

    #[test]
    fn ranks_grow_downwards() {
        let lines = [Line { name: "A".into(), figures: vec![Some("1".into()), Some("5".into())], style: 1 }];
        let labels = ["a".to_owned(), "b".to_owned()];
        let text = trend(&labels, &lines, Scale::Ranks(5), "hạng", Language::Vi).into_string();
        assert!(text.contains("points=\"54,16 618,192\""), "{text}");
    }

    #[test]
    fn scales_are_whole_and_short() {
        assert_eq!(ticks(3), [0, 1, 2, 3]);
        assert_eq!(ticks(95), [0, 20, 40, 60, 80]);
        assert_eq!(ticks(1), [0, 1]);
    }
}
