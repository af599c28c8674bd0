//! For files put together from all kinds of pieces, a change touches its own bytes and no others; for nonsense, there is an error
//! and never a panic.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod config_lab;

use config_lab::{Lab, add, remove, rename, set};
use proptest::prelude::*;
use samepath_storage::{BackendFields, Change};

/// The text of one storage, `vast`, whose `base_path` is written as [`Storage::value`].
#[derive(Debug, Clone)]
struct Storage {
    /// Before any header: must stand at the top of the file.
    at_top: bool,
    /// What it stands under, and what stays when it goes.
    under: &'static str,
    text: String,
    value: String,
    /// A table with a header, which gives up a blank line when it goes.
    section: bool,
    /// In braces, where a new key is no new line.
    inline: bool,
}

fn storage() -> impl Strategy<Value = Storage> {
    let value =
        prop_oneof![Just("'/MARK'"), Just("\"/MA\\u0052K\""), Just("'''/MARK'''"), Just("\"\"\"\n/MA\\\n  RK\"\"\"")];
    let space = prop_oneof![Just(""), Just(" "), Just("\t"), Just("   ")];
    let behind = prop_oneof![Just(""), Just(" # own comment"), Just("\t")];
    let extra = prop_oneof![
        Just(""),
        Just("# among its keys\n\nunknown = [1,\n 2] # x\n"),
        Just("x.y = {a=1}\n"),
        Just("type='nfs'\n")
    ];
    let key = prop_oneof![Just("base_path"), Just("'base_path'"), Just("\"base\\u005fpath\"")];
    (value, space, behind, extra, key, 0..11_usize).prop_map(|(value, space, behind, extra, key, form)| {
        let (s, v) = (space, value);
        // What is in braces keeps to one line, as TOML 1.0 has it.
        let flat = if v.contains('\n') { "'/MARK'" } else { v };
        let (text, value) = match form {
            0 => (format!("{s}[storage.vast]{behind}\n{s}{extra}{s}{key}{s}={s}{v}{behind}\n"), v),
            1 => (format!("[{s}\"storage\"{s}.{s}'vast'{s}]\n{key} = {v}{behind}\n{extra}"), v),
            2 => (format!("[storage.vast]\n{key}={v}\n[storage.vast.\"sub table\"]{behind}\n{extra}"), v),
            3 => (format!("[storage.vast]\n# first\n{key}={v}\n\n# second\n{extra}'z' = 1\n"), v),
            4 => {
                (format!("[storage.vast]\n{key}={v}\n[[storage.vast.list]]{behind}\n{extra}[[storage.vast.list]]\n"), v)
            }
            5 => (format!("storage{s}.{s}vast.{key}{s}={s}{v}{behind}\n"), v),
            6 => (format!("storage.vast{s}={s}{{{s}type = 'nfs',{key}{s}={s}{flat}{s}}}{behind}\n"), flat),
            7 => (format!("storage.vast = {{{key}={flat}}}\n"), flat),
            8 => (format!("{s}'vast'{s}.{s}{key}{s}={s}{v}{behind}\n"), v),
            9 => (format!("{s}vast{s}={s}{{{key}{s}={s}{flat}{s}}}{behind}\n"), flat),
            _ => (format!("vast = {{ # in braces\n {key} = {v}{s}, # own\n\n\ttype = 'nfs' # last\n}}{behind}\n"), v),
        };
        let under = if form >= 8 { "[storage]\n# of all\n" } else { "" };
        let inline = matches!(form, 6 | 7 | 9 | 10);
        Storage { at_top: (5..8).contains(&form), under, text, value: value.to_owned(), section: form < 5, inline }
    })
}

/// Pieces without a header.
fn top() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("# a comment\n".to_owned()),
        Just("\n".to_owned()),
        Just(" \t \n".to_owned()),
        (0..1000_u32).prop_map(|n| format!("key{n}   =\t{n} # why\n")),
        (0..1000_u32).prop_map(|n| format!("list{n} = [ 1, # one\n\n  2,\n]\n")),
        (0..1000_u32).prop_map(|n| format!("text{n} = '''\n[storage.vast]\nbase_path = 1\n'''\n")),
        (0..1000_u32).prop_map(|n| format!("dot.ted{n}.\"k e y\" = {{ a.b = nan }}\n")),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| distinct(&pieces).concat())
}

/// Whole tables, with comments before and behind.
fn table() -> impl Strategy<Value = String> {
    let comment =
        prop_oneof![Just(""), Just("\n"), Just("# about it\n"), Just("\n\n#[storage.vast]\n# base_path = 'old'\n\n")];
    (0..1000_u32, 0..6_u8, comment.clone(), comment).prop_map(|(n, kind, before, behind)| {
        let text = match kind {
            0 => format!("[environments.e{n}]\nsignaling = \"ws://h:{n}\"\n"),
            1 => format!("[[path_mappings]]\nlocal = '/a{n}'\nworker = '/b{n}'\n"),
            2 => format!("  [storage.other{n}]  # other\n  base_path = '/other'\n"),
            3 => format!("[storage.vast_{n}]\n"),
            4 => format!("[samepath.x{n}]\nvast = {{ base_path = 'no' }}\n"),
            _ => format!("[[worker.io.mounts]]\npath = '/m{n}'\nlabel = '''\nl\n'''\n"),
        };
        format!("{before}{text}{behind}")
    })
}

fn distinct(pieces: &[String]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    pieces.iter().filter(|piece| seen.insert((*piece).clone())).cloned().collect()
}

/// What stands before the storage, and what behind.
fn around() -> impl Strategy<Value = (String, Vec<String>, Vec<String>)> {
    (top(), prop::collection::vec(table(), 0..4), prop::collection::vec(table(), 0..4)).prop_map(
        |(top, before, behind)| {
            let all: Vec<String> = before.iter().chain(&behind).cloned().collect();
            let kept = distinct(&all);
            let split = before.len().min(kept.len());
            (top, kept[..split].to_vec(), kept[split..].to_vec())
        },
    )
}

#[derive(Debug, Clone, Copy)]
struct Ending {
    crlf: bool,
    bom: bool,
    /// The file's last line has no line break.
    open: bool,
}

fn ending() -> impl Strategy<Value = Ending> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(crlf, bom, open)| Ending { crlf, bom, open })
}

impl Ending {
    fn of(self, text: &str) -> String {
        let text = if self.open { text.strip_suffix('\n').unwrap_or(text) } else { text };
        let text = if self.crlf { text.replace('\n', "\r\n") } else { text.to_owned() };
        if self.bom { format!("\u{feff}{text}") } else { text }
    }
}

/// Before the storage, the storage, behind it; not yet with line endings.
fn laid_out(storage: &Storage, around: &(String, Vec<String>, Vec<String>)) -> (String, String, String) {
    let (top, before, behind) = around;
    let (before, behind) = (before.concat(), behind.concat());
    if storage.at_top {
        (top.clone(), storage.text.clone(), format!("{before}{behind}"))
    } else {
        (format!("{top}{before}{}", storage.under), storage.text.clone(), behind)
    }
}

/// Two tables of one name can come together; such a file is no TOML, and says nothing about edits.
fn is_toml(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').parse::<toml::Table>().is_ok()
}

fn filled(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.trim_start_matches('\u{feff}').trim().is_empty()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn adding_only_appends(around in around(), ending in ending()) {
        let (top, before, behind) = around;
        let text = ending.of(&format!("{top}{}{}", before.concat(), behind.concat()));
        prop_assume!(is_toml(&text));
        let lab = Lab::with(&text);
        lab.apply(&add("vast", "/new")).unwrap();
        let new = lab.text();
        prop_assert!(new.starts_with(&text));
        let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
        prop_assert_eq!(filled(&new[text.len()..]), ["[storage.vast]", "base_path = \"/new\""]);
        let table = format!("[storage.vast]{eol}base_path = \"/new\"{eol}");
        prop_assert!(new.ends_with(&table));
        // And what was added can be taken away again, without a trace but for a line break that was wanting.
        lab.apply(&remove("vast")).unwrap();
        let again = lab.text();
        prop_assert_eq!(again.trim_end(), text.trim_end());
    }

    #[test]
    fn setting_replaces_the_value_only(storage in storage(), around in around(), ending in ending()) {
        let (before, own, behind) = laid_out(&storage, &around);
        let text = ending.of(&format!("{before}{own}{behind}"));
        prop_assume!(is_toml(&text));
        let lab = Lab::with(&text);
        lab.apply(&set("vast", "/new")).unwrap();
        let expected = ending.of(&format!("{before}{}{behind}", own.replacen(&storage.value, "\"/new\"", 1)));
        prop_assert_eq!(lab.text(), expected);
    }

    #[test]
    fn a_new_key_is_one_new_line(storage in storage(), around in around(), ending in ending()) {
        let (before, own, behind) = laid_out(&storage, &around);
        let text = ending.of(&format!("{before}{own}{behind}"));
        prop_assume!(is_toml(&text));
        let lab = Lab::with(&text);
        let fields = BackendFields { description: Some("NEW".to_owned()), ..BackendFields::default() };
        let config = lab.apply(&Change::Set { name: "vast".to_owned(), fields }).unwrap();
        let vast = config.backends().into_iter().find(|backend| backend.name == "vast").unwrap();
        prop_assert_eq!(vast.description.as_deref(), Some("NEW"));
        let new = lab.text();
        if storage.inline {
            let gone = without(&new, ", description = \"NEW\"");
            prop_assert_eq!(gone, text);
        } else {
            let kept: Vec<&str> = new.split('\n').filter(|line| !line.contains("\"NEW\"")).map(|l| l.trim_end_matches('\r')).collect();
            let was: Vec<&str> = text.split('\n').map(|l| l.trim_end_matches('\r')).collect();
            prop_assert_eq!(kept, was);
            prop_assert_eq!(new.matches("\r\n").count() + new.split('\n').filter(|l| !l.ends_with('\r')).count(), new.split('\n').count());
        }
    }

    #[test]
    fn removing_takes_the_storage_only(storage in storage(), around in around(), ending in ending()) {
        let (before, own, behind) = laid_out(&storage, &around);
        let text = ending.of(&format!("{before}{own}{behind}"));
        prop_assume!(is_toml(&text));
        let lab = Lab::with(&text);
        lab.apply(&remove("vast")).unwrap();
        let (new, expected) = (lab.text(), ending.of(&format!("{before}{behind}")));
        prop_assert_eq!(filled(&new), filled(&expected));
        let lost = expected.lines().count().saturating_sub(new.lines().count());
        prop_assert!(lost <= usize::from(storage.section), "at most the blank line that set it apart");
        let breaks = (new.matches("\r\n").count(), new.matches('\r').count(), new.matches('\n').count());
        prop_assert!(if ending.crlf { breaks.0 == breaks.2 } else { breaks.1 == 0 }, "{:?}", breaks);
    }

    #[test]
    fn renaming_writes_another_name_only(storage in storage(), around in around(), ending in ending()) {
        let (before, own, behind) = laid_out(&storage, &around);
        let text = ending.of(&format!("{before}{own}{behind}"));
        prop_assume!(is_toml(&text));
        let lab = Lab::with(&text);
        let vast = lab.load().unwrap().backends().into_iter().find(|backend| backend.name == "vast").unwrap();
        let config = lab.apply(&rename("vast", "talmo")).unwrap();
        let backends = config.backends();
        prop_assert!(backends.iter().all(|backend| backend.name != "vast"));
        let talmo = backends.into_iter().find(|backend| backend.name == "talmo").unwrap();
        prop_assert_eq!(samepath_storage::Backend { name: vast.name.clone(), ..talmo }, vast);
        let nameless = |text: &str| {
            ["\"vast\"", "'vast'", "vast", "talmo"].iter().fold(text.to_owned(), |text, name| text.replace(name, "@"))
        };
        prop_assert_eq!(nameless(&lab.text()), nameless(&text));
    }

    #[test]
    fn nonsense_is_an_error_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        try_everything(&bytes);
    }

    #[test]
    fn nonsense_that_looks_like_toml(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        try_everything(words.concat().as_bytes());
    }

    #[test]
    fn nonsense_in_a_change(name in "\\PC{0,70}|[a-z]{2,5}", values in prop::collection::vec(prop::option::of(any::<String>()), 5)) {
        let lab = Lab::with("[storage.vast]\nbase_path = '/v'\n");
        let fields = BackendFields {
            base_path: values[0].clone(), kind: values[1].clone(), description: values[2].clone(),
            user_subdir: values[3].clone(), subpath: values[4].clone(),
        };
        for change in [
            Change::Add { name: name.clone(), fields: fields.clone() },
            Change::Set { name: "vast".to_owned(), fields: fields.clone() },
            Change::Rename { name: "vast".to_owned(), to: name.clone(), fields },
            Change::Remove { name: name.clone() },
            Change::Program { name: name.clone(), path: values[0].clone() },
            Change::Program { name, path: None },
        ] {
            if let Err(error) = lab.apply(&change) {
                prop_assert!(!error.to_string().is_empty());
            }
            prop_assert!(lab.load().is_ok());
        }
    }
}

fn without(text: &str, part: &str) -> String {
    assert_eq!(text.matches(part).count(), 1, "{text}");
    text.replacen(part, "", 1)
}

const WORDS: &[&str] = &[
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\n",
    "\r\n",
    " ",
    "\t",
    "#",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "\\",
    "storage",
    "vast",
    "storage.vast",
    "[storage.vast]\n",
    "base_path",
    "base_path = '/v'\n",
    "user_subdir",
    "samepath.computers.ws-3",
    "1",
    "true",
    "nan",
    "path_mappings",
    "[[path_mappings]]\n",
    "worker.io.mounts",
    "local",
    "é",
    "\u{feff}",
    "\0",
];

fn try_everything(bytes: &[u8]) {
    let mut lab = Lab::with(bytes);
    lab.environment.computer = Some("ws-3".to_owned());
    lab.environment.shared_storage_root = Some("/mnt/shared".to_owned());
    match lab.load() {
        Ok(config) => {
            config.suggestions();
            config.remarks(&samepath_storage::Environment::default());
        }
        Err(error) => assert!(!error.to_string().is_empty() && error.hint().is_some()),
    }
    for change in [set("vast", "/w"), add("vast", "/v"), set("vast", "/x"), remove("vast")] {
        let before = std::fs::read(lab.file()).unwrap();
        match lab.apply(&change) {
            Ok(_) => drop(lab.load().unwrap()),
            Err(_) => assert_eq!(std::fs::read(lab.file()).unwrap(), before),
        }
    }
}
