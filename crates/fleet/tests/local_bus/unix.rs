//! Who may reach it, limits of the system, other file systems.

use super::*;
use std::os::unix::{fs::PermissionsExt, net::UnixStream};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_no_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let (sender, lines) = mpsc::channel();
    // No file may grow beyond 8,192 blocks.
    let mut limited = Command::new("sh");
    limited.args(["-c", r#"trap "" XFSZ; ulimit -f 8192; exec "$0" "$@""#]);
    limited.arg(std::env::current_exe().expect("this program"));
    let mut filler = Process::start_by(limited, 0, "filler", dir.path(), sender);
    let (_, line) = listen(&lines);
    let kept: u32 = line.strip_prefix("kept ").expect("kept").parse().expect("number");
    assert!(kept > 1);
    assert!(filler.child.wait().expect("ended").success());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let bus = open(dir.path()).await;
        for number in 0..kept {
            assert!(bus.get(&format!("big/{number}")).await.expect("get").is_some(), "{number} was acknowledged");
        }
        bus.put("jobs/1", vec![0; 60_000], Expect::Any, None).await.expect("there is space again");
        bus.close().await;
    });
}

#[tokio::test]
async fn only_this_user_can_reach_it() {
    let top = tempfile::tempdir().expect("a folder");
    let made = top.path().join("made/here");
    let open_to_all = top.path().join("open");
    std::fs::create_dir(&open_to_all).expect("made");
    std::fs::set_permissions(&open_to_all, PermissionsExt::from_mode(0o755)).expect("opened");
    for dir in [made, open_to_all] {
        let bus = open(&dir).await;
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&dir.join("socket")), 0o600);
        bus.close().await;
        assert!(!dir.join("socket").exists(), "it goes with its holder");
    }
    let file = top.path().join("file");
    std::fs::write(&file, b"").expect("written");
    assert!(matches!(local::open(settings(&file)).await, Err(BusError::NotPrivate { .. })));
}

#[tokio::test]
async fn a_folder_may_have_a_long_name() {
    let top = tempfile::tempdir().expect("a folder");
    let dir = top.path().join("a".repeat(90)).join("b".repeat(90));
    let runtime_dir = top.path().join("run");
    std::fs::create_dir(&runtime_dir).expect("made");
    std::fs::set_permissions(&runtime_dir, PermissionsExt::from_mode(0o700)).expect("closed");
    for runtime_dir in [None, Some(runtime_dir)] {
        let mut with = settings(&dir);
        with.runtime_dir.clone_from(&runtime_dir);
        let holder = local::open(with).await.expect("opens");
        // Need not know where the other looked.
        let guest = open(&dir).await;
        assert!(holder.is_holder() && !guest.is_holder());
        holder.put("a", b"b".to_vec(), Expect::Any, None).await.expect("put");
        assert!(guest.get("a").await.expect("get").is_some());
        let socket = std::fs::read_to_string(dir.join("holder.socket")).expect("announced");
        assert_eq!(mode(Path::new(&socket)), 0o600);
        assert_eq!(mode(Path::new(&socket).parent().expect("a folder")), 0o700);
        assert_eq!(runtime_dir.is_some_and(|dir| Path::new(&socket).starts_with(dir)), socket.contains("/run/"));
        guest.close().await;
        holder.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_on_the_socket_harms_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    let bus = open(dir.path()).await;
    let guest = open(dir.path()).await;
    let socket = dir.path().join("socket");
    let frame = |header: &str, body: &[u8]| {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&u32::try_from(4 + header.len() + body.len()).expect("small").to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(header.len()).expect("small").to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(body);
        bytes
    };
    let hello = frame(r#"{"frame":"hello","version":2,"worker":null}"#, b"");
    let greeted = |then: &[u8]| [hello.as_slice(), then].concat();
    let mut nonsense = vec![
        vec![],
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0xff; 4096],
        vec![0; 4096],
        frame("", b""),
        frame("{", b""),
        frame(r#"{"frame":"hello","version":99,"worker":null}"#, b""),
        frame(r#"{"frame":"call","id":1,"call":{"call":"get","key":"a"}}"#, b""),
        greeted(&hello),
        greeted(&[0xff; 64]),
        greeted(&[4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
        greeted(&[2, 0, 0, 0, 1, 1]),
        greeted(&frame(r#"{"frame":"answer","request":77}"#, b"x")),
        greeted(&frame(r#"{"frame":"unwatch","watch":77}"#, b"")),
        greeted(&frame(
            r#"{"frame":"call","id":1,"call":{"call":"append","log":"l","first":0,"sizes":[18446744073709551615,2]}}"#,
            b"x",
        )),
        greeted(&frame(
            r#"{"frame":"call","id":1,"call":{"call":"write","writes":[{"key":"k","size":9,"expect":"any","ttl_ms":null}]}}"#,
            b"x",
        )),
        greeted(&frame(&format!(r#"{{"frame":"cancel","id":{}}}"#, "9".repeat(100)), b"")),
        greeted(&frame(&"[".repeat(100_000), b"")),
    ];
    // More calls that wait than anybody may have.
    let many = (0..3000).map(|id| {
        frame(&format!(r#"{{"frame":"call","id":{id},"call":{{"call":"read","log":"l","from":9,"wait":true}}}}"#), b"")
    });
    nonsense.push(greeted(&many.collect::<Vec<_>>().concat()));
    let mut open_ones = Vec::new();
    for bytes in nonsense {
        let mut stream = UnixStream::connect(&socket).expect("connects");
        stream.set_write_timeout(Some(LONG)).expect("set");
        // Dropped in the midst of it, maybe.
        drop(stream.write_all(&bytes));
        open_ones.push(stream);
        bus.put("a", b"1".to_vec(), Expect::Any, None).await.expect("goes on");
        assert!(guest.get("a").await.expect("goes on").is_some());
    }
    drop(open_ones);
    guest.put("a", b"2".to_vec(), Expect::Any, None).await.expect("goes on");
    guest.close().await;
    bus.close().await;
}

#[tokio::test]
async fn a_socket_that_was_left_is_replaced() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(std::os::unix::net::UnixListener::bind(dir.path().join("socket")).expect("left"));
    std::fs::write(dir.path().join("holder.socket"), b"/nowhere/at/all").expect("left");
    let holder = open(dir.path()).await;
    let guest = open(dir.path()).await;
    assert!(holder.is_holder() && !guest.is_holder());
    guest.close().await;
    holder.close().await;
}
