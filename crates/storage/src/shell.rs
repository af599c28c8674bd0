/// A word as a person can paste it behind a command.
pub fn shell_word(text: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "/._-:~".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
