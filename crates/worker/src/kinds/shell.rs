//! Reads a shell script as far as needed to know that a quoted value in it is one argument of a known program.

use super::reach::Word;

/// Words that come before a command's name.
const BEFORE: &[&str] =
    &["if", "then", "else", "elif", "do", "while", "until", "!", "{", "exec", "command", "builtin", "time"];
/// Commands that run what they are given, in ways that are not followed here.
const RUNS: &[&str] = &["source", ".", "trap", "alias"];
/// Forms in which quotes mean something else, or in which quoted text is read again.
const UNCLEAR: &[&str] =
    &["<<", "`", "$'", "$\"", "((", "$[", "[[", "eval", "let ", "declare", "typeset", "export ", "alias"];

/// A script under way. Whatever it does not follow makes it [`commands`](Self::commands) none.
#[derive(Debug, Default)]
pub(super) struct ShellScript {
    quoted: Option<char>,
    comment: bool,
    escaped: bool,
    lost: bool,
    previous: Option<char>,
    word: Option<Word>,
    words: Vec<Word>,
    commands: Vec<Vec<Word>>,
}

impl ShellScript {
    /// Goes on with text.
    pub(super) fn read(&mut self, text: &str) {
        self.lost |= UNCLEAR.iter().any(|form| text.contains(form));
        for character in text.chars() {
            self.step(character);
            self.previous = Some(character);
        }
    }

    /// Goes on with a value: quoted for the shell, of a parameter; or a path of ours.
    pub(super) fn value(&mut self, parameter: Option<String>) {
        let joins = matches!(self.previous, Some('$' | '{' | '<' | '>' | '~'));
        let plain = self.quoted.is_none() && !self.comment && !self.escaped && !joins;
        self.lost |= parameter.is_some() && !plain;
        self.previous = None;
        let word = self.word();
        word.literal = false;
        word.parameter = word.parameter.take().or(parameter);
    }

    /// The script's commands, each as its words; none where the script is not understood.
    pub(super) fn commands(mut self) -> Option<Vec<Vec<Word>>> {
        self.end_command();
        let understood = !self.lost && self.quoted.is_none();
        understood.then_some(self.commands)
    }

    fn step(&mut self, character: char) {
        if self.comment {
            self.comment = character != '\n';
            return;
        }
        if std::mem::take(&mut self.escaped) {
            // A line that goes on in the next is one.
            if character != '\n' {
                self.push(character);
            }
            return;
        }
        match (self.quoted, character) {
            (Some('\''), '\'') | (Some('"'), '"') => self.quoted = None,
            (Some('\''), _) => self.push(character),
            (_, '\\') => self.escaped = true,
            (Some(_), _) => self.push(character),
            (None, '\'' | '"') => {
                self.quoted = Some(character);
                self.word();
            }
            (None, '#') if self.word.is_none() => {
                self.comment = true;
                self.end_command();
            }
            (None, '\n' | ';' | '&' | '|' | '(' | ')') => self.end_command(),
            (None, character) if character.is_whitespace() => self.end_word(),
            (None, character) => self.push(character),
        }
    }

    fn word(&mut self) -> &mut Word {
        self.word.get_or_insert_with(|| Word { head: String::new(), parameter: None, literal: true })
    }

    fn push(&mut self, character: char) {
        let word = self.word();
        if word.literal {
            word.head.push(character);
        }
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_command(&mut self) {
        self.end_word();
        let words = std::mem::take(&mut self.words);
        let mut name = 0;
        while let Some(word) = words.get(name) {
            let redirection = word.head.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(['<', '>']);
            let target_comes = redirection && word.literal && word.head.ends_with(['<', '>']);
            if !(redirection || is_assignment(&word.head) || word.literal && BEFORE.contains(&word.head.as_str())) {
                break;
            }
            name += 1 + usize::from(target_comes);
        }
        let command = words.get(name..).unwrap_or_default().to_vec();
        let runs = command.first().is_some_and(|word| RUNS.contains(&word.head.as_str()));
        // `$PROGRAM {{…}}`: the name is known only when it runs.
        let computed = command.first().is_some_and(|word| word.head.starts_with('$'));
        self.lost |= (runs || computed) && command.iter().any(|word| word.parameter.is_some());
        self.commands.push(command);
    }
}

/// `NAME=…`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}
