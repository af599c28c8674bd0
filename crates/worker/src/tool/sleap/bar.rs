//! The progress that `sleap-nn` draws on its terminal.

use serde::Deserialize;

/// How far a bar is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bar {
    /// Of a training: epoch (from 0), batches done, batches in all.
    Epoch { epoch: u64, done: u64, total: u64 },
    /// Of a prediction: frames done, frames in all.
    Frames { done: u64, total: u64 },
    /// One that says nothing of use: a validation, a bar before it knows its length.
    Other,
}

/// A line taken apart: a bar, and what was printed behind it on the same line.
///
/// A bar is redrawn without a line end, so that the next message of the program follows it at once. A line without a bar keeps its
/// indentation.
pub(super) fn read(line: &str) -> (Option<Bar>, &str) {
    let whole = line.trim_end();
    let line = whole.trim_start();
    if let Some(frames) = frames(line) {
        return (Some(frames), "");
    }
    if line.starts_with("Predicting") && line.contains('%') {
        return (Some(Bar::Other), "");
    }
    let (Some(first), Some(last)) = (line.find('|'), line.find("| ").map(|_| last_bar(line))) else {
        return (None, whole);
    };
    let (title, tail) = (&line[..first], &line[last..]);
    let Some((counts, rest)) = tail.trim_start_matches(['|', ' ']).split_once(" [") else { return (None, whole) };
    let Some((_, behind)) = rest.split_once(']') else { return (None, whole) };
    if !(rest.contains("it/s") || rest.contains("s/it")) || !counts.contains('/') {
        return (None, whole);
    }
    (Some(epoch(title, counts).unwrap_or(Bar::Other)), behind.trim())
}

/// Where the bar's drawing ends: its last `|` before the times in brackets.
fn last_bar(line: &str) -> usize {
    let end = line.find(" [").unwrap_or(line.len());
    line[..end].rfind('|').unwrap_or(0)
}

fn epoch(title: &str, counts: &str) -> Option<Bar> {
    let (number, _) = title.strip_prefix("Epoch ")?.split_once(':')?;
    let (done, total) = counts.split_once('/')?;
    Some(Bar::Epoch { epoch: number.trim().parse().ok()?, done: done.parse().ok()?, total: total.parse().ok()? })
}

/// `{"n_processed": 4, "n_total": 10, …}`: what a prediction prints for a program.
fn frames(line: &str) -> Option<Bar> {
    #[derive(Deserialize)]
    struct Frames {
        n_processed: u64,
        n_total: u64,
    }
    let frames: Frames = line.starts_with('{').then(|| serde_json::from_str(line).ok()).flatten()?;
    Some(Bar::Frames { done: frames.n_processed, total: frames.n_total })
}

/// The text without what moves a cursor or sets a colour.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                if characters.next_if_eq(&'[').is_some() {
                    // Parameters, then one letter.
                    while characters.next_if(|c| !('@'..='~').contains(c)).is_some() {}
                }
                characters.next();
            }
            '\t' => plain.push(' '),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_read_as_it_is_drawn() {
        for (line, bar, behind) in [
            (
                "Epoch 1: 100%|███| 200/200 [00:35<00:00, 5.66it/s, loss=1.32e-04, val/loss=4.29e-04]",
                Some(Bar::Epoch { epoch: 1, done: 200, total: 200 }),
                "",
            ),
            (
                "Epoch 0:  33%|███▎      | 1/3 [00:06<00:13,  0.15it/s]",
                Some(Bar::Epoch { epoch: 0, done: 1, total: 3 }),
                "",
            ),
            ("Epoch 0:   0%|          | 0/3 [00:00<?, ?it/s]", Some(Bar::Epoch { epoch: 0, done: 0, total: 3 }), ""),
            ("Training: |          | 0/? [00:00<?, ?it/s]", Some(Bar::Other), ""),
            ("Validation DataLoader 0: 100%|██████████| 1/1 [00:00<00:00,  7.40it/s]", Some(Bar::Other), ""),
            (
                "Epoch 1:   0%|          | 0/3 [00:03<?, ?it/s, loss=0.0382]2026-11-22 20:18:01 | Finished training loop. [0.3 min]",
                Some(Bar::Epoch { epoch: 1, done: 0, total: 3 }),
                "2026-11-22 20:18:01 | Finished training loop. [0.3 min]",
            ),
            (
                r#"{"n_processed": 4, "n_total": 10, "rate": 1.3, "eta": 4.7}"#,
                Some(Bar::Frames { done: 4, total: 10 }),
                "",
            ),
            ("Predicting... ━━━━━━ 100% 10/10   3.8 fps ETA: 0:00:00", Some(Bar::Other), ""),
            (
                "2026-11-22 20:24:56 | sleap-nn 0.3.5 | CPU only",
                None,
                "2026-11-22 20:24:56 | sleap-nn 0.3.5 | CPU only",
            ),
            ("  File \"train.py\", line 3 \r", None, "  File \"train.py\", line 3"),
            ("    ~~~^^^", None, "    ~~~^^^"),
            ("{'command': 'stop'}", None, "{'command': 'stop'}"),
            ("", None, ""),
        ] {
            assert_eq!(read(line), (bar, behind), "{line}");
        }
    }

    #[test]
    fn escapes_are_left_out() {
        assert_eq!(plain("\u{1b}[A\u{1b}[1;31mred\u{1b}[0m\u{7}"), "red");
        assert_eq!(plain("a\u{1b}"), "a");
        assert_eq!(plain("a\u{1b}["), "a");
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_too_strange(line in ".{0,200}") {
            let _ = read(&line);
            let _ = plain(&line);
        }
        #[test]
        fn no_strange_bar_either(line in "[Epoch 0-9:%|█/\\[\\]?its,]{0,60}") {
            let _ = read(&line);
        }
    }
}
