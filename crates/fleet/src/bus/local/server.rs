use super::socket;
use crate::bus::{
    Caller,
    core::Core,
    shared::{Rights, guest},
};
use interprocess::local_socket::tokio::{Listener, Stream, prelude::*};
use std::{io, sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::JoinSet};

/// Serves guests until it is dropped, so many at a time.
pub(super) async fn run(listener: Listener, core: Arc<Core>, member: String, connections: usize) {
    let places = Arc::new(Semaphore::new(connections));
    let mut guests = JoinSet::new();
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(stream) => {
                    let (core, member) = (core.clone(), member.clone());
                    guests.spawn(async move {
                        if let Err(error) = serve(stream, core, member).await {
                            tracing::debug!(%error, "a process on the local socket was dropped");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    // Out of files, perhaps: not to be tried again at once.
                    tracing::warn!(%error, "the local socket does not accept");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = guests.join_next() => {}
        }
    }
}

async fn serve(stream: Stream, core: Arc<Core>, member: String) -> io::Result<()> {
    socket::check_peer(&stream)?;
    guest(socket::line(stream), core, |worker| (Caller::new(member, worker), Rights::All)).await
}
