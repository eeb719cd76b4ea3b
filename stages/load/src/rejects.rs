//! Rejects on their way to their table.
//!
//! Files are read at the same time, so rejects come in any order; the table has them in the order of
//! the files.

use std::path::Path;

use crate::{
    Error,
    account::Account,
    codec::{Decoder, Encoder},
    fault::{Fault, Place, Reason, Reject},
    sorter::Sorter,
    tables::RejectTable,
};

/// Bytes of rejects that wait in memory.
const BUFFER_BYTES: usize = 8 << 20;

/// Rejects of the files of one parameter.
pub struct Rejects(Sorter);

impl Rejects {
    /// None yet; those that do not fit into memory wait in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self(Sorter::new(folder, "rejects", BUFFER_BYTES))
    }

    /// Adds a reject.
    pub fn push(&mut self, reject: &Reject) -> Result<(), Error> {
        let Reject { place, fault, raw } = reject;
        let mut key = place.file.to_be_bytes().to_vec();
        key.extend(place.byte_offset.to_be_bytes());
        let mut payload = Encoder::default();
        payload.u32(place.file);
        payload.u64(place.line);
        payload.u64(place.byte_offset);
        payload.text(fault.reason.code());
        payload.maybe(fault.field.as_deref());
        payload.text(&fault.detail);
        payload.blob(raw);
        self.0.push(&key, [&payload.bytes, &[]])
    }

    /// Writes them in the order of the files and lines.
    pub fn write(self, account: &Account, table: &mut RejectTable) -> Result<(), Error> {
        let folder = self.0.folder().to_owned();
        let mut sorted = self.0.finish()?;
        while let Some((_, payload)) = sorted.next()? {
            let reject = decode(payload).ok_or_else(|| Error::Scratch { path: folder.clone() })?;
            table.push(account.file(reject.place.file), &reject)?;
        }
        Ok(())
    }
}

fn decode(payload: &[u8]) -> Option<Reject> {
    let mut decoder = Decoder::new(payload);
    let place = Place { file: decoder.u32()?, line: decoder.u64()?, byte_offset: decoder.u64()? };
    let reason = Reason::of_code(decoder.text()?)?;
    let fault = Fault { reason, field: decoder.maybe()?.map(str::to_owned), detail: decoder.text()?.to_owned() };
    Some(Reject { place, fault, raw: decoder.blob()?.to_vec() })
}
