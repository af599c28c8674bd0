use super::BusError;

/// The most bytes in a name.
const MAX_NAME: usize = 256;

/// Checks a key, subject or log name.
pub(crate) fn check(name: &str) -> Result<(), BusError> {
    if name.is_empty() { Err(bad(name)) } else { check_prefix(name) }
}

/// Checks the beginning of a key; may be empty.
pub(crate) fn check_prefix(name: &str) -> Result<(), BusError> {
    let fits =
        name.len() <= MAX_NAME && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-=:/".contains(&byte));
    if fits { Ok(()) } else { Err(bad(name)) }
}

fn bad(name: &str) -> BusError {
    BusError::BadName { name: name.chars().take(80).collect() }
}
