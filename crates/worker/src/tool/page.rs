//! The report as a page: one file, no script, nothing from elsewhere, and no name that is more than text.

use super::report::{Report, State};
use samepath_dataset::Whereabouts;
use std::fmt::Write;

/// Most videos that the page shows; the other file of the report has all.
const MAX_SHOWN: usize = 5_000;
/// How its last words begin.
const WRITTEN_BY: &str = "<footer>Written by Samepath on ";

const ICONS: &str = r##"<svg hidden xmlns="http://www.w3.org/2000/svg" style="display:none">
<symbol id="check" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6.5"/><path d="m5 8.3 2 2 4-4.4"/></symbol>
<symbol id="box" viewBox="0 0 16 16"><path d="M2 5v6l6 3.2 6-3.2V5L8 1.8zM2 5l6 3.2L14 5M8 8.2v6"/></symbol>
<symbol id="computer" viewBox="0 0 16 16"><rect x="1.8" y="2.5" width="12.4" height="8.5" rx="1"/><path d="M5.5 14h5M8 11v3"/></symbol>
<symbol id="question" viewBox="0 0 16 16"><path d="M8 1.8 14.5 13.5h-13z"/><path d="M8 6.2v3.2M8 11.4v.1"/></symbol>
<symbol id="cross" viewBox="0 0 16 16"><path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z"/><path d="m6 6 4 4m0-4-4 4"/></symbol>
</svg>
"##;

/// Whether a file is such a page.
pub(super) fn is_one(file: &[u8]) -> bool {
    String::from_utf8_lossy(file).contains(WRITTEN_BY)
}

/// The page; `json` is the other file of the report.
pub(super) fn page(report: &Report, json: &str) -> String {
    let project = &report.project;
    let local = project.local.to_string_lossy();
    let name = project.local.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let place = project.at.as_ref().map_or_else(|| local.clone().into_owned(), ToString::to_string);
    let mut page = String::with_capacity(16 << 10);
    let _ = write!(
        page,
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Check of {name}</title>
<style>
{css}</style>
</head>
<body>
{ICONS}<main>
<h1>Check of <bdi>{name}</bdi></h1>
<p class="where mono"><bdi>{place}</bdi></p>
"#,
        name = Text(&name),
        place = Text(&place),
        css = include_str!("page.css"),
    );
    let (class, icon) = verdict(report);
    let _ = writeln!(
        page,
        r##"<p class="verdict {class}"><svg aria-hidden="true"><use href="#{icon}"/></svg><b>{}</b></p>"##,
        Text(&report.sentence())
    );
    page.push_str("<dl>\n");
    row(&mut page, "Worker", &project.worker, false);
    row(&mut page, "Project on the worker", &local, true);
    row(&mut page, "Checked", &project.checked_at.strftime("%-d %B %Y, %H:%M UTC").to_string(), false);
    if let Some(frames) = project.labelled_frames {
        row(&mut page, "Labelled frames", &grouped(frames), false);
    }
    row(&mut page, "Frames inside the project", if project.package { "yes" } else { "no" }, false);
    page.push_str("</dl>\n");

    let trouble = |video: &&Whereabouts| matches!(State::of(video), State::Ambiguous | State::Missing);
    let (bad, good): (Vec<_>, Vec<_>) = report.videos.iter().partition(trouble);
    let mut left = MAX_SHOWN;
    section(&mut page, "Not seen by this worker", &bad, &mut left);
    section(&mut page, if bad.is_empty() { "Videos" } else { "Seen by this worker" }, &good, &mut left);
    let hidden = report.videos.len().saturating_sub(MAX_SHOWN);
    if hidden > 0 {
        let _ = writeln!(page, r#"<p class="muted">{} more are in {json}.</p>"#, grouped(hidden as u64));
    }
    let _ = write!(
        page,
        "{WRITTEN_BY}<bdi>{}</bdi>. The same for programs: {json}.</footer>\n</main>\n</body>\n</html>\n",
        Text(&project.worker)
    );
    page
}

fn verdict(report: &Report) -> (&'static str, &'static str) {
    let summary = report.summary;
    if summary.missing > 0 {
        ("bad", "cross")
    } else if summary.ambiguous > 0 || summary.total == 0 {
        ("warn", "question")
    } else {
        ("ok", "check")
    }
}

fn row(page: &mut String, term: &str, value: &str, mono: bool) {
    let class = if mono { r#" class="mono""# } else { "" };
    let _ = writeln!(page, "<dt>{term}</dt><dd{class}><bdi>{}</bdi></dd>", Text(value));
}

fn section(page: &mut String, title: &str, videos: &[&Whereabouts], left: &mut usize) {
    let shown = videos.len().min(*left);
    *left -= shown;
    if shown == 0 {
        return;
    }
    let _ = writeln!(page, "<section>\n<h2>{title} <span>{}</span></h2>\n<ul>", grouped(videos.len() as u64));
    for video in &videos[..shown] {
        item(page, video);
    }
    page.push_str("</ul>\n</section>\n");
}

fn item(page: &mut String, video: &Whereabouts) {
    let (class, icon, word) = match State::of(video) {
        State::Found => ("ok", "check", "Found"),
        State::Embedded => ("ok", "box", "Inside the project"),
        State::Elsewhere => ("warn", "computer", "On no storage"),
        State::Ambiguous => ("warn", "question", "Ambiguous"),
        State::Missing => ("bad", "cross", "Not found"),
    };
    let _ = write!(
        page,
        r##"<li><span class="state {class}"><svg aria-hidden="true"><use href="#{icon}"/></svg>{word}</span><div class="video">"##,
    );
    let written = if video.written.is_empty() { "(unreadable entry)" } else { &video.written };
    let written =
        if State::of(video) == State::Embedded { video.source.as_deref().unwrap_or(written) } else { written };
    let cut = written.rfind(['/', '\\']).map_or(0, |at| at + 1);
    let _ = write!(
        page,
        r#"<p class="mono"><bdi><span class="muted">{}</span><span class="name">{}</span></bdi></p>"#,
        Text(&written[..cut]),
        Text(&written[cut..])
    );
    if video.found && State::of(video) != State::Embedded {
        if let Some(at) = &video.at {
            arrow(page, &at.to_string());
        }
        if let Some(local) = &video.local {
            arrow(page, &local.to_string_lossy());
        }
    }
    let mut notes = Vec::new();
    // Of one that is on no storage the detail says on which computer it is.
    if video.found && State::of(video) != State::Elsewhere {
        let how = video.how.words();
        let how = how[..1].to_uppercase() + &how[1..];
        notes.push(if State::of(video) == State::Embedded { "Its frames are in the project".to_owned() } else { how });
    }
    if video.images > 1 {
        notes.push(format!("{} images", grouped(video.images as u64)));
    }
    if let Some(size) = video.size {
        notes.push(bytes(size));
    }
    if let Some(detail) = &video.detail {
        notes.push(detail.clone());
    }
    if !notes.is_empty() {
        page.push_str(r#"<p class="small muted">"#);
        prose(page, &notes.join(" \u{b7} "));
        page.push_str("</p>");
    }
    page.push_str("</div></li>\n");
}

/// Words for people, in which names stand between backticks.
fn prose(page: &mut String, words: &str) {
    for (index, part) in words.split('`').enumerate() {
        let _ = if index % 2 == 1 {
            write!(page, "<code><bdi>{}</bdi></code>", Text(part))
        } else {
            write!(page, "{}", Text(part))
        };
    }
}

fn arrow(page: &mut String, path: &str) {
    let _ = write!(page, r#"<p class="mono"><span class="arrow">→</span><bdi>{}</bdi></p>"#, Text(path));
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

fn bytes(size: u64) -> String {
    let mut value = size as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if value < 999.5 {
            return if unit == "bytes" || value >= 99.5 {
                format!("{value:.0} {unit}")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// Text, and nothing but text: markup is escaped, and characters that would hide or turn around what stands beside them are
/// written out.
struct Text<'a>(&'a str);

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                    write!(f, "{}", c.escape_unicode())?;
                }
                c if c.is_control() => write!(f, "{}", c.escape_default())?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text() {
        let hostile = "<script>alert(1)</script>\"'&\n\u{202e}gpj.exe\0";
        assert_eq!(
            Text(hostile).to_string(),
            "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\n\\u{202e}gpj.exe\\u{0}"
        );
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(
            [0, 999, 4307, 20_600, 999_999, 1 << 40].map(bytes),
            ["0 bytes", "999 bytes", "4.3 kB", "20.6 kB", "1.0 MB", "1.1 TB"]
        );
    }
}
