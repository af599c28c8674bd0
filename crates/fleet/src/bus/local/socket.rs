use crate::bus::shared::Line;
use futures::StreamExt;
use interprocess::local_socket::{
    ListenerOptions, Name,
    tokio::{Listener, Stream, prelude::*},
};
use std::{
    io,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

/// Bytes of one frame.
const MAX_FRAME: usize = 4 * 1024 * 1024;

/// A connection as a line: each frame with its length before it.
pub(super) fn line(stream: Stream) -> Line {
    let codec = || LengthDelimitedCodec::builder().little_endian().max_frame_length(MAX_FRAME).new_codec();
    let stream = Arc::new(stream);
    let frames = FramedRead::new(End(stream.clone()), codec()).map(|frame| frame.map(|frame| frame.freeze()));
    Line::new(frames, FramedWrite::new(End(stream), codec()))
}

/// One direction of a connection, which is closed when both are dropped.
struct End(Arc<Stream>);

impl AsyncRead for End {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for End {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_shutdown(context)
    }
}

#[cfg(unix)]
fn name(socket: &Path) -> io::Result<Name<'_>> {
    use interprocess::local_socket::{GenericFilePath, ToFsName};
    socket.to_fs_name::<GenericFilePath>()
}

#[cfg(not(unix))]
fn name(socket: &Path) -> io::Result<Name<'_>> {
    use interprocess::local_socket::{GenericNamespaced, ToNsName};
    socket.as_os_str().to_ns_name::<GenericNamespaced>()
}

/// The same, for this user's processes alone. Where sockets are files their modes say so, and whoever is at the other end is asked.
///
/// # Errors
/// What the system said.
#[cfg(windows)]
pub fn private(options: ListenerOptions<'_>) -> io::Result<ListenerOptions<'_>> {
    use interprocess::os::windows::{local_socket::ListenerOptionsExt, security_descriptor::SecurityDescriptor};
    // Everything for whoever made it (OW) and for the system itself (SY), nothing for anybody else, whatever folders above say (P).
    let rule = widestring::u16cstr!("D:P(A;;GA;;;OW)(A;;GA;;;SY)");
    Ok(options.security_descriptor(SecurityDescriptor::deserialize(rule)?))
}

/// The same, for this user's processes alone. Where sockets are files their modes say so, and whoever is at the other end is asked.
///
/// # Errors
/// None here.
#[cfg(not(windows))]
pub fn private(options: ListenerOptions<'_>) -> io::Result<ListenerOptions<'_>> {
    Ok(options)
}

/// Listens there. What a killed holder left is replaced: only the holder of the lock may call this.
pub(super) fn listen(socket: &Path) -> io::Result<Listener> {
    #[cfg(unix)]
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = private(ListenerOptions::new().name(name(socket)?))?.create_tokio()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(listener)
}

pub(super) async fn connect(socket: &Path) -> io::Result<Stream> {
    let stream = Stream::connect(name(socket)?).await?;
    check_peer(&stream)?;
    Ok(stream)
}

/// Refuses another user's process, on whichever end it is.
#[cfg(unix)]
pub(super) fn check_peer(stream: &Stream) -> io::Result<()> {
    match stream.peer_creds()?.euid() {
        Some(user) if user == super::place::me() => Ok(()),
        user => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("a process of another user ({user:?}) is at the other end of the socket"),
        )),
    }
}

#[cfg(not(unix))]
pub(super) fn check_peer(_stream: &Stream) -> io::Result<()> {
    Ok(())
}
