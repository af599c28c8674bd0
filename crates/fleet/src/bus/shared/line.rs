use futures::{
    Sink,
    stream::{BoxStream, Stream, StreamExt},
};
use std::{io, pin::Pin};
use tokio_util::bytes::Bytes;

/// Frames as they come. The end, and an error, are the end of the line.
pub(in crate::bus) type Frames = BoxStream<'static, io::Result<Bytes>>;

/// Both directions between a holder and one guest: frames, whole, in order, none lost unless the line breaks.
pub(in crate::bus) struct Line {
    pub(in crate::bus) frames: Frames,
    pub(in crate::bus) out: Pin<Box<dyn Sink<Bytes, Error = io::Error> + Send>>,
}

impl Line {
    pub(in crate::bus) fn new(
        frames: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        out: impl Sink<Bytes, Error = io::Error> + Send + 'static,
    ) -> Self {
        Self { frames: frames.boxed(), out: Box::pin(out) }
    }
}
