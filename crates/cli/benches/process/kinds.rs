//! Job types whose tools tell when they run.

/// Its tool prints when it runs.
pub(crate) const STAMP: &str = r#"
specificationVersion: jobtemplate-2023-09
name: Stamp
parameterDefinitions:
  - {name: OUTPUT_DIR, type: PATH, objectType: DIRECTORY, dataFlow: OUT}
  - {name: MARKED, type: PATH, objectType: FILE, dataFlow: IN}
steps:
  - name: stamp
    script:
      actions:
        onRun: {command: date, args: ["+%s%N"]}
"#;

/// Its tool prints when it prints, a hundred times.
pub(crate) const TICK: &str = r#"
specificationVersion: jobtemplate-2023-09
name: Tick
steps:
  - name: tick
    script:
      actions:
        onRun: {command: sh, args: ["-c", "for i in $(seq 100); do date +%s%N; sleep 0.1; done"]}
"#;

/// A template without parameters that runs a script of the shell.
pub(crate) fn script(name: &str, script: &str) -> String {
    format!(
        r#"
specificationVersion: jobtemplate-2023-09
name: {name}
steps:
  - name: s
    script:
      actions:
        onRun: {{command: sh, args: ["-c", "{script}"]}}
"#
    )
}
