use std::mem;

/// Longest line kept in one piece; what is longer goes on in the next one.
pub(crate) const LONGEST_LINE: usize = 16 * 1024;

/// Cuts a stream of bytes into lines. `\n`, `\r` and `\r\n` end one, so that a progress bar that redraws itself is many
/// lines at once instead of one in the end. Holds one line of at most [`LONGEST_LINE`] bytes, whatever comes.
#[derive(Debug, Default)]
pub(crate) struct LineCutter {
    line: Vec<u8>,
    after_return: bool,
}

impl LineCutter {
    /// Takes what was read; `each` gets every line that became whole, and whether it was cut for its length.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(&str, bool)) {
        if mem::take(&mut self.after_return) && bytes.first() == Some(&b'\n') {
            bytes = &bytes[1..];
        }
        while !bytes.is_empty() {
            let room = LONGEST_LINE - self.line.len();
            let window = &bytes[..bytes.len().min(room + 1)];
            match window.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
                Some(end) => {
                    self.line.extend_from_slice(&bytes[..end]);
                    self.emit(false, &mut each);
                    let was_return = bytes[end] == b'\r';
                    bytes = &bytes[end + 1..];
                    if was_return {
                        match bytes.first() {
                            Some(b'\n') => bytes = &bytes[1..],
                            Some(_) => {}
                            None => self.after_return = true,
                        }
                    }
                }
                None if bytes.len() <= room => {
                    self.line.extend_from_slice(bytes);
                    return;
                }
                None => {
                    self.line.extend_from_slice(&bytes[..room]);
                    bytes = &bytes[room..];
                    self.cut(&mut each);
                }
            }
        }
    }

    /// The stream ended; what is left is a line too.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(&str, bool)) {
        if !self.line.is_empty() {
            self.emit(false, &mut each);
        }
    }

    fn emit(&mut self, cut: bool, each: &mut impl FnMut(&str, bool)) {
        each(&String::from_utf8_lossy(&self.line), cut);
        self.line.clear();
    }

    /// Emits a full line, but keeps back the beginning of a character that goes on in the next.
    fn cut(&mut self, each: &mut impl FnMut(&str, bool)) {
        let whole = match std::str::from_utf8(&self.line) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.line.len(),
        };
        let rest = if whole > 0 { self.line.split_off(whole) } else { Vec::new() };
        self.emit(true, each);
        self.line = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(pieces: &[&[u8]]) -> Vec<(String, bool)> {
        let mut lines = Vec::new();
        let mut cutter = LineCutter::default();
        for piece in pieces {
            cutter.push(piece, |text, cut| lines.push((text.to_owned(), cut)));
        }
        cutter.finish(|text, cut| lines.push((text.to_owned(), cut)));
        lines
    }

    fn texts(pieces: &[&[u8]]) -> Vec<String> {
        cut(pieces).into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn each_line_end_ends_one_line() {
        assert_eq!(texts(&[b"a\nb\r\nc\rd"]), ["a", "b", "c", "d"]);
        assert_eq!(texts(&[b"a\r", b"\nb"]), ["a", "b"]);
        assert_eq!(texts(&[b"a\r", b"b"]), ["a", "b"]);
        assert_eq!(texts(&[b"\n\n"]), ["", ""]);
        assert_eq!(texts(&[b""]), [] as [&str; 0]);
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let long = vec![b'x'; LONGEST_LINE * 2 + 5];
        let lines = cut(&[&long, b"\nshort\n"]);
        assert_eq!(
            lines.iter().map(|(text, cut)| (text.len(), *cut)).collect::<Vec<_>>(),
            [(LONGEST_LINE, true), (LONGEST_LINE, true), (5, false), (5, false)]
        );
    }

    #[test]
    fn a_line_of_exactly_the_limit_is_whole() {
        let mut line = vec![b'x'; LONGEST_LINE];
        line.push(b'\n');
        assert_eq!(cut(&[&line]), [("x".repeat(LONGEST_LINE), false)]);
    }

    #[test]
    fn a_character_is_not_cut_in_two() {
        let text = format!("{}é", "x".repeat(LONGEST_LINE - 1));
        assert_eq!(texts(&[text.as_bytes()]), ["x".repeat(LONGEST_LINE - 1), "é".to_owned()]);
    }

    #[test]
    fn what_is_not_text_stays_readable() {
        assert_eq!(texts(&[b"a\xffb\n"]), ["a\u{fffd}b"]);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in "[a-zé\r\n]{0,200}", at in 0usize..400) {
            let bytes = text.as_bytes();
            let at = at.min(bytes.len());
            prop_assert_eq!(cut(&[bytes]), cut(&[&bytes[..at], &bytes[at..]]));
        }

        #[test]
        fn nothing_is_lost(bytes in proptest::collection::vec(any::<u8>(), 0..5000), times in 1usize..20) {
            let all: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii).filter(|b| !matches!(b, b'\r' | b'\n')).cycle().take(bytes.len() * times).collect();
            prop_assert_eq!(texts(&[&all]).concat().into_bytes(), all);
        }
    }
}
