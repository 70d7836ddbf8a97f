//! Accessibility, judged by axe-core 4.14.1 (MPL-2.0, see `assets/axe-LICENSE`).

use crate::browser::Browser;
use serde_json::Value;

const AXE: &str = include_str!("assets/axe.min.js");
const JUDGE: &str = r#"
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ['violations'] }).then(
  result => done(result.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => `${one.id} (${one.impact}): ${one.help}\n` + one.nodes.slice(0, 5).map(node => '  ' + node.target + ' ' + node.html.slice(0, 160)).join('\n'))),
  error => done(['axe failed: ' + error]));
"#;

impl Browser {
    /// What is serious or critical on the page shown, if anything is.
    pub fn findings(&self) -> Option<String> {
        self.run(AXE, &Value::Null);
        let findings = self.run_until_done(JUDGE, &Value::Null);
        let findings: Vec<&str> = findings.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        (!findings.is_empty()).then(|| format!("{} is not accessible:\n{}", self.here(), findings.join("\n")))
    }

    /// That the page shown has no serious or critical finding.
    pub fn is_accessible(&self) {
        assert_eq!(self.findings(), None);
    }
}
