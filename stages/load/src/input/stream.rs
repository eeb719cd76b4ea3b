//! A file's content, decompressed, with counts of how far it was read.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;

use super::SourceFile;
use crate::Error;

/// Counts the bytes that pass.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
    progress: Option<Arc<AtomicU64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.count.fetch_add(length as u64, Ordering::Relaxed);
        if let Some(progress) = &self.progress {
            progress.fetch_add(length as u64, Ordering::Relaxed);
        }
        Ok(length)
    }
}

/// The content of a file.
pub struct Stream {
    reader: Box<dyn Read>,
    file: SourceFile,
    compressed: Arc<AtomicU64>,
    decompressed: Arc<AtomicU64>,
}

impl Stream {
    /// Opens a file.
    pub fn open(file: &SourceFile, progress: &Arc<AtomicU64>) -> Result<Self, Error> {
        let opened = File::open(&file.path).map_err(Error::io("open", &file.path))?;
        let (compressed, decompressed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counted = Counted { inner: opened, count: Arc::clone(&compressed), progress: Some(Arc::clone(progress)) };
        let inner: Box<dyn Read> = if file.is_gzip {
            // Several members in one file, as parallel compressors write, are one content.
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(256 << 10, counted)))
        } else {
            Box::new(counted)
        };
        let reader = Box::new(Counted { inner, count: Arc::clone(&decompressed), progress: None });
        Ok(Self { reader, file: file.clone(), compressed, decompressed })
    }

    /// The error for a failed read: where it failed, in content and file.
    pub fn damaged(&self, source: io::Error) -> Error {
        Error::Damaged {
            path: self.file.path.clone(),
            decompressed: self.decompressed.load(Ordering::Relaxed),
            compressed: self.compressed.load(Ordering::Relaxed),
            source,
        }
    }

    /// Reads until `buffer` is full or the content ends; the number of bytes read.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut length = 0;
        while length < buffer.len() {
            match self.reader.read(&mut buffer[length..]) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.damaged(error)),
            }
        }
        Ok(length)
    }

    /// Splits off the reader; the rest still tells where a failure happened.
    pub fn into_reader(mut self) -> (Box<dyn Read>, Self) {
        let reader = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        (reader, self)
    }
}
