//! docs/cli.md says of each command what it answers in JSON, and of none that is not there.

use super::Arguments;
use clap::{Command, CommandFactory};
use std::collections::BTreeSet;

/// Every command that can be run, by its words.
fn commands(below: &Command, path: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for command in below.get_subcommands().filter(|command| !command.is_hide_set()) {
        let words = format!("{path} {}", command.get_name()).trim().to_owned();
        all.extend(commands(command, &words));
        if !command.is_subcommand_required_set() {
            all.insert(words);
        }
    }
    all
}

/// The commands in the first column of the table. Of `storage add`, `set` the second is another one of the same sort.
fn documented(commands: &BTreeSet<String>) -> BTreeSet<String> {
    let text = include_str!("../../../../docs/cli.md");
    let after = text.split("\n## JSON\n").nth(1).expect("the section");
    let rows = after.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let mut told = BTreeSet::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cell = row.split('|').nth(1).expect("a first column");
        let mut sort = String::new();
        for quoted in cell.split('`').skip(1).step_by(2) {
            // What a command is given is no part of its name.
            let is_name = |word: &&str| word.starts_with(|first: char| first.is_ascii_lowercase());
            let words = quoted.split(' ').filter(is_name).collect::<Vec<_>>().join(" ");
            if words.is_empty() {
                continue;
            }
            let named = if commands.contains(&words) { words } else { format!("{sort} {words}") };
            sort = named.rsplit_once(' ').map(|(sort, _)| sort.to_owned()).unwrap_or_default();
            told.insert(named);
        }
    }
    told
}

#[test]
fn what_every_command_answers_in_json_is_documented() {
    let commands = commands(&Arguments::command(), "");
    assert!(commands.contains("hub storage set") && commands.contains("hub"), "{commands:?}");
    assert_eq!(documented(&commands), commands);
}
