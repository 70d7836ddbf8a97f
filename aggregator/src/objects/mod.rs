//! The communes' files of evidence in an object store that speaks S3, under their SHA-256: `<prefix>/<first two digits>/<sha256>`.
//!
//! | file | noun |
//! | --- | --- |
//! | `address` | which bucket, where, and by which keys |
//! | `transport` | the way to it: HTTP/1.1, encrypted beyond this computer |
//! | `failure` | why it did not do what was asked |
//!
//! What is put is put whole and under its own checksum, so putting the same file twice, or from several aggregators, changes nothing.
//! Every request has a bound in time, every file passes in pieces. Nothing is ever listed. `<prefix>/province.txt` says whose place it is.

mod address;
mod failure;
mod transport;

pub use address::{BucketAddress, Credentials};
pub use failure::ObjectsError;

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream::BoxStream};
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, path::Path as Key};
use sha2::{Digest, Sha256};
use std::{fmt, path::Path, sync::Arc, time::Duration};
use tokio::{fs::File, io::AsyncReadExt, time::timeout};

/// How long a short request may take, tries and pauses included.
const SHORT: Duration = Duration::from_secs(40);
/// How long a piece may be on its way up, tries and pauses included.
const PIECE: Duration = Duration::from_secs(120);
/// How long the next bytes of a file may be on their way down.
const NEXT: Duration = Duration::from_secs(40);
/// A file is put at once up to this size, else in pieces of it: S3 wants at least 5 MiB, and at most 10,000 of them.
const PIECE_BYTES: usize = 8 * 1024 * 1024;
/// Where what lay in a file's place and was not that file is put away.
const DAMAGED: &str = "damaged";
/// Where an examination writes.
const PROBE: &str = "probe";
/// The object that says whose place it is.
const MARK: &str = "province.txt";
/// Largest one that is read, in bytes.
const MAX_MARK_BYTES: u64 = 1_024;

/// The content of a file, piece by piece.
pub type Pieces = BoxStream<'static, Result<Bytes, ObjectsError>>;

/// The province's place in an object store.
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
    shown: String,
}

/// Where it is, and by no means its keys.
impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bucket").field(&self.shown).finish()
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Bucket {
    fn key(&self, sha256: [u8; 32]) -> Key {
        let name = hex::encode(sha256);
        self.prefix.clone().join(&name[..2]).join(name)
    }

    async fn within<T>(
        &self,
        longest: Duration,
        asked: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, ObjectsError> {
        match timeout(longest, asked).await {
            Ok(done) => done.map_err(|error| ObjectsError::of(&self.shown, &error)),
            Err(_) => Err(ObjectsError::Silent { at: self.shown.clone(), longest }),
        }
    }

    /// How large the file is that lies under a hash; none where there is none.
    ///
    /// # Errors
    /// The store does not answer, or refuses.
    pub async fn size(&self, sha256: [u8; 32]) -> Result<Option<u64>, ObjectsError> {
        match self.within(SHORT, self.store.head(&self.key(sha256))).await {
            Ok(found) => Ok(Some(found.size)),
            Err(ObjectsError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The file under a hash and its size; none where there is none. Whether it is that file is for the reader to see.
    ///
    /// # Errors
    /// The store does not answer, or refuses.
    pub async fn read(&self, sha256: [u8; 32]) -> Result<Option<(u64, Pieces)>, ObjectsError> {
        let found = match self.within(SHORT, self.store.get(&self.key(sha256))).await {
            Ok(found) => found,
            Err(ObjectsError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (size, at) = (found.meta.size, self.shown.clone());
        let pieces = futures::stream::try_unfold((found.into_stream(), at), |(mut stream, at)| async move {
            match timeout(NEXT, stream.next()).await {
                Ok(None) => Ok(None),
                Ok(Some(Ok(piece))) => Ok(Some((piece, (stream, at)))),
                Ok(Some(Err(error))) => Err(ObjectsError::of(&at, &error)),
                Err(_) => Err(ObjectsError::Silent { at, longest: NEXT }),
            }
        });
        Ok(Some((size, pieces.boxed())))
    }

    /// Whether the file under a hash has this size and this checksum; none where there is none.
    ///
    /// # Errors
    /// The store does not answer, or refuses.
    pub async fn is_whole(&self, sha256: [u8; 32], size: u64) -> Result<Option<bool>, ObjectsError> {
        let Some((found, mut pieces)) = self.read(sha256).await? else { return Ok(None) };
        if found != size {
            return Ok(Some(false));
        }
        let mut hash = Sha256::new();
        while let Some(piece) = pieces.next().await {
            hash.update(&piece?);
        }
        Ok(Some(<[u8; 32]>::from(hash.finalize()) == sha256))
    }

    /// Puts a file under its hash. When this returns the store has said that it holds every byte; it checks each request's content by
    /// the SHA-256 that its signature covers.
    ///
    /// # Errors
    /// [`ObjectsError::Differs`] when the disk gave other bytes than it should; nothing lies under the hash then that did not before.
    pub async fn put(&self, path: &Path, sha256: [u8; 32], size: u64) -> Result<(), ObjectsError> {
        let io = |source| ObjectsError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).await.map_err(io)?;
        let (key, mut hash) = (self.key(sha256), Sha256::new());
        let mut next = async || {
            let mut piece = BytesMut::with_capacity(PIECE_BYTES);
            let mut part = (&mut file).take(PIECE_BYTES as u64);
            while part.read_buf(&mut piece).await.map_err(io)? > 0 {}
            hash.update(&piece);
            Ok::<_, ObjectsError>((piece.freeze(), hash.clone().finalize() == sha256.into()))
        };
        if size <= PIECE_BYTES as u64 {
            let (bytes, is_it) = next().await?;
            if !is_it {
                return Err(ObjectsError::Differs(path.to_owned()));
            }
            self.within(PIECE, self.store.put(&key, PutPayload::from_bytes(bytes))).await?;
            return Ok(());
        }
        let mut upload = self.within(SHORT, self.store.put_multipart(&key)).await?;
        let sent = async {
            let mut is_whole = false;
            for _ in 0..size.div_ceil(PIECE_BYTES as u64) {
                let (bytes, is_it) = next().await?;
                self.within(PIECE, upload.put_part(PutPayload::from_bytes(bytes))).await?;
                is_whole = is_it;
            }
            if is_whole { Ok(()) } else { Err(ObjectsError::Differs(path.to_owned())) }
        };
        if let Err(error) = sent.await {
            self.give_up(&mut *upload).await;
            return Err(error);
        }
        self.within(PIECE, upload.complete()).await?;
        Ok(())
    }

    /// Pieces that were sent are of no use; where they cannot be taken away now, the bucket's own rules do it.
    async fn give_up(&self, upload: &mut dyn MultipartUpload) {
        if let Err(error) = self.within(SHORT, upload.abort()).await {
            tracing::warn!(%error, "pieces of a file that was not put whole are left in the object store");
        }
    }

    /// Puts away what lies under a hash and is not that file.
    ///
    /// # Errors
    /// The store does not answer, or refuses.
    pub async fn set_aside(&self, sha256: [u8; 32]) -> Result<(), ObjectsError> {
        let (from, to) = (self.key(sha256), self.prefix.clone().join(DAMAGED).join(hex::encode(sha256)));
        self.within(PIECE, self.store.copy(&from, &to)).await?;
        self.within(SHORT, self.store.delete(&from)).await
    }

    /// What the object says that marks whose place it is; none where it was not marked.
    ///
    /// # Errors
    /// The store does not answer, or refuses.
    pub async fn mark(&self) -> Result<Option<String>, ObjectsError> {
        let read = async {
            let found = self.store.get(&self.prefix.clone().join(MARK)).await?;
            if found.meta.size > MAX_MARK_BYTES { Ok(Bytes::new()) } else { found.bytes().await }
        };
        match self.within(SHORT, read).await {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned())),
            Err(ObjectsError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Marks whose place it is.
    ///
    /// # Errors
    /// The store does not answer, or refuses.
    pub async fn put_mark(&self, mark: &str) -> Result<(), ObjectsError> {
        let content = PutPayload::from(format!("{mark}\n").into_bytes());
        self.within(SHORT, self.store.put(&self.prefix.clone().join(MARK), content)).await?;
        Ok(())
    }

    /// Writes, reads and removes something, as an examination before it is relied upon.
    ///
    /// # Errors
    /// What the store does not do.
    pub async fn probe(&self) -> Result<(), ObjectsError> {
        let content = Bytes::copy_from_slice(&rand::random::<[u8; 16]>());
        let key = self.prefix.clone().join(PROBE).join(hex::encode(&content));
        self.within(SHORT, self.store.put(&key, PutPayload::from_bytes(content.clone()))).await?;
        let read = self.within(SHORT, async { self.store.get(&key).await?.bytes().await }).await;
        self.within(SHORT, self.store.delete(&key)).await?;
        match read? == content {
            true => Ok(()),
            false => Err(ObjectsError::Strange { at: self.shown.clone() }),
        }
    }
}

#[cfg(test)]
mod tests;
