/// What people call the computer before them, in the middle of a sentence.
pub const HERE: &str = called(cfg!(target_os = "macos"))[0];

/// The same where a sentence begins.
pub const HERE_FIRST: &str = called(cfg!(target_os = "macos"))[1];

const fn called(mac: bool) -> [&'static str; 2] {
    if mac { ["this Mac", "This Mac"] } else { ["this computer", "This computer"] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_is_called_one() {
        assert_eq!(called(true), ["this Mac", "This Mac"]);
        assert_eq!(called(false), ["this computer", "This computer"]);
    }
}
