//! chromedriver: a process of its own on a port of its own, spoken to in the WebDriver protocol (plain HTTP with JSON on loopback).

use cluster::port;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Longest that one request may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A driver that is running; it ends with this value.
#[derive(Debug)]
pub struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    /// Starts a driver.
    pub fn start() -> Self {
        let port = port::unclaimed().expect("a port").port();
        let mut command = Command::new("chromedriver");
        command
            .args([format!("--port={port}"), "--log-level=SEVERE".to_owned()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command
            .spawn()
            .expect("chromedriver is needed: run tests/run, or apt-get install chromium chromium-driver");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        let is_listening = lines.by_ref().map_while(Result::ok).any(|line| {
            said.push(line);
            said.last().is_some_and(|line| line.contains("started successfully"))
        });
        assert!(is_listening, "chromedriver on port {port}: {said:?}");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port }
    }

    /// Asks for something; the value of the answer, or the kind and the words of the error.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let mut line = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("chromedriver answers");
        line.set_read_timeout(Some(PATIENCE)).unwrap();
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        line.write_all(head.as_bytes()).and_then(|()| line.write_all(body.as_bytes())).expect("chromedriver listens");
        let mut reader = BufReader::new(line);
        let mut length = None;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).expect("chromedriver answers in time");
            match header.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().ok();
                }
                None if header.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut answer = vec![0; length.unwrap_or_default()];
        reader.read_exact(&mut answer).expect("a whole answer");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let value = answer["value"].clone();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default())),
            None => Ok(value),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended already; its browsers end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a session is opened with: headless, a profile of its own, the test's certificate accepted, its logs kept, no other host reached.
pub fn capabilities(profile: &str) -> Value {
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-sync",
        "--no-first-run",
        "--window-size=1366,768",
        "--lang=vi",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ];
    let arguments: Vec<String> =
        arguments.into_iter().map(str::to_owned).chain([format!("--user-data-dir={profile}")]).collect();
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "acceptInsecureCerts": true,
        "unhandledPromptBehavior": "ignore",
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        "goog:chromeOptions": {"args": arguments},
    }}})
}
