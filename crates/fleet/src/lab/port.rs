//! Who listens at a port of this computer, where the system tells.

/// "python3 (process 4711)"; none where that cannot be known: only one's own processes can be looked into.
#[cfg(target_os = "linux")]
pub(super) fn listener(port: u16) -> Option<String> {
    use std::fs;
    let mut sockets = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = fs::read_to_string(table).unwrap_or_default();
        sockets.extend(text.lines().skip(1).filter_map(|line| socket_of(line, port)));
    }
    let is_it = |link: &std::path::Path| {
        let link = link.to_string_lossy();
        let number = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        number.is_some_and(|number| sockets.iter().any(|socket| socket == number))
    };
    for process in fs::read_dir("/proc").ok()?.filter_map(Result::ok) {
        let Some(id) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        if files.filter_map(Result::ok).any(|file| fs::read_link(file.path()).is_ok_and(|link| is_it(&link))) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (process {id})", name.trim()));
        }
    }
    None
}

#[cfg(not(target_os = "linux"))]
pub(super) fn listener(_port: u16) -> Option<String> {
    None
}

/// The number of the socket that a line of the system's table tells of, if it listens at this port.
#[cfg(target_os = "linux")]
fn socket_of(line: &str, port: u16) -> Option<String> {
    const LISTENS: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, state, socket) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    let at = u16::from_str_radix(local.rsplit(':').next()?, 16).ok()?;
    (at == port && *state == LISTENS).then(|| (*socket).to_owned())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::listener;

    #[test]
    fn whoever_listens_is_named() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let told = listener(port).expect("this very process");
        assert!(told.ends_with(&format!("(process {})", std::process::id())), "{told}");
        drop(socket);
        assert_eq!(listener(port), None);
    }
}
