//! Bringing a file to the disk while it is still being written.
//!
//! Whoever keeps the file synchronises it at the end. Of a file that was only written, all of it is then
//! still in the system's memory, and the program waits for the disk while the processor idles.

use std::{
    fs::File,
    path::Path,
    sync::mpsc::{self, SyncSender},
    thread::{self, JoinHandle},
};

/// Bytes after which the disk is set to work.
const STEP_BYTES: usize = 32 << 20;

/// Synchronises a file in the background.
pub(super) struct Flusher {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    waiting: usize,
}

impl Flusher {
    /// A flusher of this file. It saves time and nothing else: where it cannot work, it does nothing.
    pub(super) fn new(path: &Path) -> Self {
        let (wake, woken) = mpsc::sync_channel(1);
        let thread = File::open(path).and_then(|file| {
            let flush = move || woken.into_iter().for_each(|()| drop(file.sync_data()));
            thread::Builder::new().name("flush".to_owned()).spawn(flush)
        });
        Self { wake: Some(wake), thread: thread.ok(), waiting: 0 }
    }

    /// Notes that so many bytes were written.
    pub(super) fn written(&mut self, bytes: usize) {
        self.waiting += bytes;
        if self.waiting >= STEP_BYTES
            && let Some(wake) = &self.wake
        {
            self.waiting = 0;
            // While it is at work, one call more waits, and that is enough.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
