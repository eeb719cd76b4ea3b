//! Whether a fetched file is what was sent and a whole gzip file, in one pass over it.
//!
//! The trailers of all gzip members are checked, so a file that was cut short or damaged on its way is
//! found even where neither the server nor the user gives a checksum.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::bufread::MultiGzDecoder;
use md5::Md5;
use sha2::{Digest, Sha256, Sha512};

use super::failure::FetchError;

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// How the headers of HTTP call an algorithm, what it is called here, and the bytes of its checksums.
const ALGORITHMS: [(&str, &str, usize); 3] = [("md5", "md5", 16), ("sha-256", "sha256", 32), ("sha-512", "sha512", 64)];

/// What a file has to be.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Checksums in hexadecimal digits, by algorithm.
    pub of_server: &'a BTreeMap<String, String>,
    /// SHA-256 in hexadecimal digits, from the command line.
    pub of_user: Option<&'a str>,
    /// What is done about a file that is not whole.
    pub advice: &'static str,
}

/// What was found out about a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Checked {
    /// Bytes on disk.
    pub size_bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// Checks a file; `progress` hears how many bytes of it were read.
pub fn check(path: &Path, expected: Expected, progress: &dyn Fn(u64)) -> Result<Checked, FetchError> {
    let file = File::open(path).map_err(FetchError::io("open", path))?;
    let wants = |name: &str| expected.of_server.contains_key(name);
    let hashing = Hashing {
        file,
        read: 0,
        sha256: Sha256::new(),
        sha512: wants("sha512").then(Sha512::new),
        md5: wants("md5").then(Md5::new),
        progress,
    };
    let mut decoder = MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, hashing));
    let unpacked = unpack(&mut decoder);
    let mut hashing = decoder.into_inner().into_inner();
    // Checksums are of all bytes, also where the decoder has stopped early.
    io::copy(&mut hashing, &mut io::sink()).map_err(FetchError::io("read", path))?;
    let checked = Checked { size_bytes: hashing.read, sha256: hex(&hashing.sha256.finalize()) };
    if let Err(error) = unpacked {
        let found = fault(path, &error).map_err(FetchError::io("read", path))?;
        return Err(FetchError::Gzip { path: path.to_owned(), found, advice: expected.advice });
    }
    let found = [
        ("md5", hashing.md5.map(|hash| hex(&hash.finalize()))),
        ("sha256", Some(checked.sha256.clone())),
        ("sha512", hashing.sha512.map(|hash| hex(&hash.finalize()))),
    ];
    let user = expected.of_user.map(|wanted| ("--sha256", "sha256", wanted.to_lowercase()));
    let server = |(_, name, _)| Some(("the server", name, expected.of_server.get(name)?.clone()));
    for (by, algorithm, wanted) in user.into_iter().chain(ALGORITHMS.into_iter().filter_map(server)) {
        let found = found.iter().find(|(name, _)| *name == algorithm).and_then(|(_, hash)| hash.clone());
        if let Some(found) = found.filter(|found| *found != wanted) {
            let (path, advice) = (path.to_owned(), expected.advice);
            return Err(FetchError::Checksum { path, by, algorithm, wanted, found, advice });
        }
    }
    Ok(checked)
}

fn unpack(decoder: &mut impl Read) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    while decoder.read(&mut buffer)? > 0 {}
    Ok(())
}

/// What a file is that cannot be unpacked.
fn fault(path: &Path, error: &io::Error) -> io::Result<String> {
    let mut start = Vec::new();
    File::open(path)?.take(24).read_to_end(&mut start)?;
    Ok(if start.is_empty() {
        "an empty file".to_owned()
    } else if !start.starts_with(&[0x1f, 0x8b]) {
        format!("one that begins with {:?}", String::from_utf8_lossy(&start))
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        "one that is cut short".to_owned()
    } else {
        format!("a damaged one ({error})")
    })
}

/// A file whose bytes are hashed as they are read.
struct Hashing<'a> {
    file: File,
    read: u64,
    sha256: Sha256,
    sha512: Option<Sha512>,
    md5: Option<Md5>,
    progress: &'a dyn Fn(u64),
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        let bytes = &buffer[..length];
        self.sha256.update(bytes);
        if let Some(hash) = &mut self.sha512 {
            hash.update(bytes);
        }
        if let Some(hash) = &mut self.md5 {
            hash.update(bytes);
        }
        self.read += length as u64;
        (self.progress)(self.read);
        Ok(length)
    }
}

/// The checksums of the value of a `Digest` (RFC 3230) or `Repr-Digest` (RFC 9530) header, in
/// hexadecimal digits by algorithm; what is unknown or malformed is passed over.
pub fn digests(header: &str) -> BTreeMap<String, String> {
    let one = |part: &str| {
        let (name, value) = part.trim().split_once('=')?;
        let name = name.trim().to_lowercase();
        let (_, name, length) = ALGORITHMS.into_iter().find(|(header, ..)| *header == name)?;
        // RFC 9530 puts the base64 between colons, RFC 3230 does not.
        let bytes = STANDARD.decode(value.trim().trim_matches(':')).ok()?;
        (bytes.len() == length).then(|| (name.to_owned(), hex(&bytes)))
    };
    header.split(',').filter_map(one).collect()
}

/// Whether a text is a SHA-256 in hexadecimal digits.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn member(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn checked(bytes: &[u8], of_server: &str, of_user: Option<&str>) -> Result<Checked, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let expected = Expected { of_server: &digests(of_server), of_user, advice: "do so" };
        check(&path, expected, &|_| ()).map_err(|error| error.to_string().replace(path.to_str().unwrap(), "file"))
    }

    #[test]
    fn headers_are_read_in_both_forms() {
        // As `printf abc | openssl dgst -md5 -binary | base64` and the same with -sha256 print them.
        let header = "md5=kAFQmDzST7DWlj99KOF/cg==, sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:, crc32c=x";
        let expected = [
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ];
        assert_eq!(digests(header), expected.map(|(name, hash)| (name.to_owned(), hash.to_owned())).into());
        assert_eq!(digests("sha-256=:a2ln:, sha-512=%"), BTreeMap::new());
    }

    #[test]
    fn every_member_must_be_whole() {
        let whole = [member(b"one"), member(b"two")].concat();
        assert_eq!(checked(&whole, "", None).unwrap().size_bytes, whole.len() as u64);
        let message = |bytes: &[u8]| checked(bytes, "", None).unwrap_err();
        assert!(message(b"").contains("expected a whole gzip file, found an empty file; do so"));
        assert!(
            message(b"<html>\n").contains(r#"found one that begins with "<html>\n"; do so"#),
            "{}",
            message(b"<html>\n")
        );
        for cut in [1, 5, 9, member(b"two").len() - 1] {
            let message = message(&whole[..whole.len() - cut]);
            assert!(message.contains("found one that is cut short"), "{message}");
        }
        // Header of 10 bytes, content, CRC of 4 bytes, length of 4 bytes.
        let crc = member(b"one").len() - 8;
        for (place, told) in [(crc, "does not have a matching checksum"), (10, "corrupt deflate stream")] {
            let mut damaged = whole.clone();
            damaged[place] = !damaged[place];
            assert!(message(&damaged).contains(told), "{}", message(&damaged));
        }
        assert!(message(&[&whole[..], b"more"].concat()).contains("expected a whole gzip file"));
    }

    #[test]
    fn checksums_of_server_and_user_must_fit() {
        let bytes = member(b"abc");
        let sha256 = checked(&bytes, "", None).unwrap().sha256;
        assert!(checked(&bytes, "", Some(&sha256.to_uppercase())).is_ok());
        let other = "0".repeat(64);
        assert_eq!(
            checked(&bytes, "", Some(&other)).unwrap_err(),
            format!("check file: --sha256 gives sha256 {other}, found {sha256}; do so")
        );
        // The MD5 of `abc`, not of its gzip form.
        let message = checked(&bytes, "md5=kAFQmDzST7DWlj99KOF/cg==", None).unwrap_err();
        assert!(message.starts_with("check file: the server gives md5 900150983cd24fb0d6963f7d28e17f72"), "{message}");
    }
}
