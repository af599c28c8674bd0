//! Where the values of a job can get to in a template, and where they must not.
//!
//! A value may be an argument of its own, or part of one: it reaches the program as is, without a shell. It may not become the
//! program's name, a script, an option that makes an interpreter run its argument, or the file that an interpreter runs.
//! Everything is judged by the template alone, so that a refusal does not depend on what somebody submits. Where a command line
//! is not understood it is refused rather than guessed.

use super::TemplateError;
use super::interpreter::{self, Interpreter};
use super::openjd::{File, Piece, Script, Text};
use super::shell::ShellScript;

/// Refuses a template in which a value reaches what it must not.
pub(super) fn check(script: &Script) -> Result<(), TemplateError> {
    check_command(script)?;
    for file in &script.files {
        check_file(script, file)?;
    }
    let words: Vec<Word> = std::iter::once(&script.command).chain(&script.args).map(Word::new).collect();
    check_words(&words)
}

impl Script {
    /// The embedded file that is the command, where one is.
    pub(super) fn embedded_command(&self) -> Option<&str> {
        self.files.iter().map(|file| file.name.as_str()).find(|name| is_file(&self.command, name))
    }
}

/// Whether the text is the path of the embedded file and nothing else.
fn is_file(text: &Text, name: &str) -> bool {
    match text.pieces().as_slice() {
        [Piece::Expression { source, .. }] => source.strip_prefix("Task.File.") == Some(name),
        _ => false,
    }
}

const COMMAND: &str = "steps[0].script.actions.onRun.command";

fn check_command(script: &Script) -> Result<(), TemplateError> {
    if let Some(parameter) = script.command.parameters().into_iter().next() {
        return Err(TemplateError::InCommand { parameter, place: COMMAND.to_owned() });
    }
    if script.command.literal().is_none() && script.embedded_command().is_none() {
        return Err(TemplateError::Unsupported { what: "a computed command", place: COMMAND.to_owned() });
    }
    Ok(())
}

fn check_file(script: &Script, file: &File) -> Result<(), TemplateError> {
    let pieces = file.data.pieces();
    let Some(parameter) = file.data.parameters().into_iter().next() else { return Ok(()) };
    let refused = |parameter: String| TemplateError::InScript { parameter, file: file.name.clone() };
    if !runs_in_shell(script, file, &pieces) {
        return Err(refused(parameter));
    }
    let mut shell = ShellScript::default();
    for piece in &pieces {
        match piece {
            Piece::Literal(text) => shell.read(text),
            Piece::Expression { parameters, .. } if parameters.is_empty() => shell.value(None),
            Piece::Expression { source, parameters } => {
                if !is_repr_sh(source) {
                    return Err(refused(parameters.first().cloned().unwrap_or(parameter)));
                }
                shell.value(parameters.first().cloned());
            }
        }
    }
    let commands = shell.commands().ok_or_else(|| refused(parameter))?;
    let judged = commands.iter().try_for_each(|words| check_words(words));
    judged.map_err(|error| match error {
        TemplateError::InCommand { parameter, .. } | TemplateError::InCode { parameter, .. } => refused(parameter),
        other => other,
    })
}

/// Whether a POSIX shell runs the file: by its first line, or because the command or an argument before it is one.
fn runs_in_shell(script: &Script, file: &File, pieces: &[Piece]) -> bool {
    if let Some(Piece::Literal(text)) = pieces.first()
        && let Some(first) = text.lines().next().and_then(|line| line.strip_prefix("#!"))
    {
        let mut words = first.split_whitespace().map(interpreter::base_name);
        return match words.next().as_deref() {
            Some("env") => {
                words.find(|word| !word.starts_with('-')).as_deref().is_some_and(interpreter::is_posix_shell)
            }
            Some(word) => interpreter::is_posix_shell(word),
            None => false,
        };
    }
    let mut shell =
        script.command.literal().is_some_and(|word| interpreter::is_posix_shell(&interpreter::base_name(word)));
    for arg in &script.args {
        if is_file(arg, &file.name) {
            return shell;
        }
        if let Some(word) = arg.literal().filter(|word| !word.starts_with('-')) {
            shell = interpreter::is_posix_shell(&interpreter::base_name(word));
        }
    }
    false
}

/// Whether the whole expression is one call of `repr_sh`.
fn is_repr_sh(source: &str) -> bool {
    let Some(inner) = source.trim().strip_prefix("repr_sh").and_then(|rest| rest.trim_start().strip_prefix('(')) else {
        return false;
    };
    let Some(inner) = inner.strip_suffix(')') else { return false };
    let mut depth = 0_u32;
    for character in inner.chars() {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => return false,
            ')' => depth -= 1,
            // Parentheses inside text would be counted wrongly.
            '\'' | '"' | '#' | '\\' => return false,
            _ => {}
        }
    }
    depth == 0
}

/// Judges the command line: is any value where a program is named, or where an interpreter looks for code?
fn check_words(words: &[Word]) -> Result<(), TemplateError> {
    if let Some(parameter) = words.first().and_then(|word| word.parameter.clone()) {
        return Err(TemplateError::InCommand { parameter, place: place(0) });
    }
    let in_code = |at: usize, interpreter: &str, parameter: String| {
        Err(TemplateError::InCode { parameter, interpreter: interpreter.to_owned(), place: place(at) })
    };
    // A line of code in one argument: `env -S "python -c …"`.
    for (at, word) in words.iter().enumerate() {
        let Some(parameter) = &word.parameter else { continue };
        if let Some((line, _)) = word.head.split_once(char::is_whitespace)
            && let Some(found) = std::iter::once(line).chain(word.head.split_whitespace()).find(|word| runs_code(word))
        {
            return in_code(at, found, parameter.clone());
        }
    }
    // Through the programs that run other programs, to the one that does the work.
    let mut at = 0;
    while let Some(wrapper) = words.get(at).and_then(Word::plain).and_then(interpreter::wrapper) {
        let rest = &words[at + 1..];
        let heads: Vec<&str> = rest.iter().map(|word| word.head.as_str()).collect();
        let command = wrapper.command_at(&heads);
        let up_to = command.map_or(rest.len(), |command| command + 1);
        for (index, word) in rest.iter().enumerate().take(up_to) {
            if let Some(parameter) = word.parameter.clone() {
                return Err(TemplateError::InCommand { parameter, place: place(at + 1 + index) });
            }
        }
        let Some(command) = command else { return Ok(()) };
        at += 1 + command;
    }
    let Some(program) = words.get(at).and_then(Word::plain) else { return Ok(()) };
    if let Some(interpreter) = interpreter::interpreter(program) {
        return match code_among(interpreter, &words[at + 1..], true) {
            Some((index, parameter)) => in_code(at + 1 + index, program, parameter),
            None => Ok(()),
        };
    }
    // A program that is not known. Whatever looks like an interpreter and its code is taken for that; in a container's
    // command line also what looks like an interpreter and its script.
    let container = interpreter::is_container(program);
    for (index, word) in words.iter().enumerate().skip(at + 1) {
        let Some(interpreter) = word.plain().and_then(interpreter::interpreter) else { continue };
        if let Some((offset, parameter)) = code_among(interpreter, &words[index + 1..], container) {
            return in_code(index + 1 + offset, &word.head, parameter);
        }
    }
    Ok(())
}

fn place(word: usize) -> String {
    match word {
        0 => COMMAND.to_owned(),
        word => format!("steps[0].script.actions.onRun.args[{}]", word - 1),
    }
}

fn runs_code(word: &str) -> bool {
    interpreter::interpreter(word).is_some()
}

/// One word of the command line, as far as the template says it.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// The text before the first value; all of it where there is none.
    pub(super) head: String,
    /// A parameter that reaches it.
    pub(super) parameter: Option<String>,
    /// Whether it is text alone, without even a path of ours.
    pub(super) literal: bool,
}

impl Word {
    fn new(text: &Text) -> Self {
        let head = match text.pieces().into_iter().next() {
            Some(Piece::Literal(head)) => head,
            _ => String::new(),
        };
        Self { head, parameter: text.parameters().into_iter().next(), literal: text.literal().is_some() }
    }

    fn plain(&self) -> Option<&str> {
        self.literal.then_some(self.head.as_str())
    }
}

/// The first of an interpreter's arguments in which a value would be run. Not `sure`: the word that names it may be no
/// program, so that only its options for code are judged.
fn code_among(interpreter: Interpreter, args: &[Word], sure: bool) -> Option<(usize, String)> {
    if interpreter.reads_all() && !sure {
        return None;
    }
    let mut from_here_all = interpreter.reads_all();
    let mut code_comes = false;
    let mut index = 0;
    while let Some(word) = args.get(index) {
        let here = word.parameter.clone().map(|parameter| (index, parameter));
        if from_here_all {
            if here.is_some() {
                return here;
            }
            index += 1;
            continue;
        }
        match interpreter.option(&word.head) {
            // The code stands in the same word, or in the next.
            interpreter::Role::Code { here: in_this_word, rest_too } => {
                if here.is_some() {
                    return here;
                }
                let next = args.get(index + 1);
                if !in_this_word && let Some(parameter) = next.and_then(|word| word.parameter.clone()) {
                    return Some((index + 1, parameter));
                }
                if !rest_too {
                    return None;
                }
                from_here_all = true;
                index += 1;
            }
            interpreter::Role::CodeLater => {
                if here.is_some() {
                    return here;
                }
                code_comes = true;
                index += 1;
            }
            interpreter::Role::Option { values } => {
                // A value that starts a word in the place of an option could be any option.
                let mut taken = args.iter().enumerate().skip(index).take(1 + values);
                if let Some(found) = taken.find_map(|(at, word)| Some((at, word.parameter.clone()?))) {
                    return sure.then_some(found);
                }
                index += 1 + values;
            }
            // The script, or a module: what follows is its own business.
            interpreter::Role::Script => return here.filter(|_| sure || code_comes),
        }
    }
    None
}
