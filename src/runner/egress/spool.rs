//! A connection to the outside that moves so many bytes, and is silent so long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A stream with an allowance, which it shares with others, and a longest silence.
pub(super) struct Bounded<S> {
    inner: S,
    left: Arc<AtomicU64>,
    silence: Duration,
    waking: Pin<Box<Sleep>>,
}

impl<S> Bounded<S> {
    pub(super) fn new(inner: S, left: Arc<AtomicU64>, silence: Duration) -> Self {
        Self {
            inner,
            left,
            silence,
            waking: Box::pin(tokio::time::sleep(silence)),
        }
    }

    fn moved(&mut self, count: usize) -> io::Result<()> {
        self.waking.as_mut().reset(Instant::now() + self.silence);
        let count = count as u64;
        let spent = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(count)
            });
        match spent {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::other("the bytes of this phase are used up")),
        }
    }

    fn waits(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.waking.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.inner).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => Poll::Ready(self.moved(buffer.filled().len() - before)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => match self.waits(context) {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            },
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_write(context, bytes))?;
        Poll::Ready(self.moved(count).map(|()| count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn bytes_are_counted_over_all_connections() {
        let left = Arc::new(AtomicU64::new(10));
        let (mut far, near) = tokio::io::duplex(64);
        let mut near = Bounded::new(near, left.clone(), Duration::from_secs(60));
        near.write_all(b"123456").await.unwrap();
        far.write_all(b"123456").await.unwrap();
        let mut word = [0; 6];
        assert!(near.read_exact(&mut word).await.is_err());
        assert_eq!(left.load(Ordering::Relaxed), 4);
    }

    #[tokio::test]
    async fn silence_ends_it() {
        let (_far, near) = tokio::io::duplex(64);
        let mut near = Bounded::new(near, Arc::new(AtomicU64::new(10)), Duration::from_millis(1));
        let error = near.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
