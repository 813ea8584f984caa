//! Motion JPEG in Matroska (RFC 9559 over EBML, RFC 8794), written as a stream:
//! nothing is ever sought back to, so that it can go straight into encryption.
//!
//! One silent video track. The segment has no stated size; clusters are written
//! whole, at most five seconds each, so that a torn recording is readable up to
//! its last cluster.

use std::io::{self, Write};
use std::time::Duration;

use zeroize::{Zeroize, Zeroizing};

use crate::jpeg::Jpeg;

/// Longest time that one cluster spans.
const CLUSTER: Duration = Duration::from_secs(5);
/// Bytes of a block or cluster besides the picture, generously.
const OVERHEAD: usize = 32;

mod id {
    pub const EBML: u32 = 0x1a45_dfa3;
    pub const EBML_VERSION: u32 = 0x4286;
    pub const EBML_READ_VERSION: u32 = 0x42f7;
    pub const EBML_MAX_ID_LENGTH: u32 = 0x42f2;
    pub const EBML_MAX_SIZE_LENGTH: u32 = 0x42f3;
    pub const DOC_TYPE: u32 = 0x4282;
    pub const DOC_TYPE_VERSION: u32 = 0x4287;
    pub const DOC_TYPE_READ_VERSION: u32 = 0x4285;
    pub const SEGMENT: u32 = 0x1853_8067;
    pub const INFO: u32 = 0x1549_a966;
    pub const TIMESTAMP_SCALE: u32 = 0x2a_d7b1;
    pub const MUXING_APP: u32 = 0x4d80;
    pub const WRITING_APP: u32 = 0x5741;
    pub const TRACKS: u32 = 0x1654_ae6b;
    pub const TRACK_ENTRY: u32 = 0xae;
    pub const TRACK_NUMBER: u32 = 0xd7;
    pub const TRACK_UID: u32 = 0x73c5;
    pub const TRACK_TYPE: u32 = 0x83;
    pub const FLAG_LACING: u32 = 0x9c;
    pub const DEFAULT_DURATION: u32 = 0x23_e383;
    pub const CODEC_ID: u32 = 0x86;
    pub const VIDEO: u32 = 0xe0;
    pub const PIXEL_WIDTH: u32 = 0xb0;
    pub const PIXEL_HEIGHT: u32 = 0xba;
    pub const CLUSTER: u32 = 0x1f43_b675;
    pub const CLUSTER_TIMESTAMP: u32 = 0xe7;
    pub const SIMPLE_BLOCK: u32 = 0xa3;
}

#[derive(Debug, thiserror::Error)]
pub enum MatroskaError {
    #[error("the recording cannot be written: {0}")]
    Io(#[from] io::Error),
    #[error("a frame of another size than the first")]
    FrameSize,
    #[error("a frame that is not later than the one before")]
    Order,
    #[error("the recording would exceed {0} bytes")]
    Full(u64),
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub frames: u32,
    pub bytes: u64,
    /// Time of the last frame.
    pub last: Duration,
}

/// Writes frames as they come. [`MatroskaWriter::finish`] must be called: without
/// it the last cluster is lost.
pub struct MatroskaWriter<W: Write> {
    sink: W,
    size: (u32, u32),
    limit: u64,
    written: u64,
    frames: u32,
    last: Option<Duration>,
    cluster: Zeroizing<Vec<u8>>,
    cluster_start: Duration,
}

impl<W: Write> MatroskaWriter<W> {
    /// `size`: width and height of every frame. `nominal`: the time from frame to
    /// frame, for players. `limit`: bytes that are never exceeded.
    pub fn new(
        mut sink: W,
        size: (u32, u32),
        nominal: Duration,
        limit: u64,
    ) -> Result<Self, MatroskaError> {
        let header = header(size, nominal);
        sink.write_all(&header)?;
        Ok(Self {
            sink,
            size,
            limit,
            written: header.len() as u64,
            frames: 0,
            last: None,
            cluster: Zeroizing::new(Vec::new()),
            cluster_start: Duration::ZERO,
        })
    }

    /// Bytes still free for pictures before the limit.
    pub fn room(&self) -> u64 {
        let used = self.written + self.cluster.len() as u64 + 2 * OVERHEAD as u64;
        self.limit.saturating_sub(used)
    }

    /// `at`: since the beginning, later than the frame before. A frame that finds
    /// no room is refused and the recording stays whole without it.
    pub fn push(&mut self, jpeg: &Jpeg, at: Duration) -> Result<(), MatroskaError> {
        if (jpeg.width(), jpeg.height()) != self.size {
            return Err(MatroskaError::FrameSize);
        }
        // Timestamps count whole milliseconds.
        let at = Duration::from_millis(at.as_millis() as u64);
        if self.last.is_some_and(|last| at <= last) {
            return Err(MatroskaError::Order);
        }
        if jpeg.bytes().len() as u64 > self.room() {
            return Err(MatroskaError::Full(self.limit));
        }
        if !self.cluster.is_empty() && at - self.cluster_start >= CLUSTER {
            self.flush_cluster()?;
        }
        if self.cluster.is_empty() {
            self.cluster_start = at;
        }
        let offset = (at - self.cluster_start).as_millis() as i16;
        let mut head = Vec::with_capacity(OVERHEAD);
        put_id(&mut head, id::SIMPLE_BLOCK);
        put_size(&mut head, 4 + jpeg.bytes().len() as u64);
        // Track 1, offset in the cluster, key frame.
        head.push(0x81);
        head.extend_from_slice(&offset.to_be_bytes());
        head.push(0x80);
        self.reserve(head.len() + jpeg.bytes().len());
        self.cluster.extend_from_slice(&head);
        self.cluster.extend_from_slice(jpeg.bytes());
        self.frames += 1;
        self.last = Some(at);
        Ok(())
    }

    /// Writes the last cluster and gives the sink back.
    pub fn finish(mut self) -> Result<(W, Written), MatroskaError> {
        self.flush_cluster()?;
        self.sink.flush()?;
        let written = Written {
            frames: self.frames,
            bytes: self.written,
            last: self.last.unwrap_or_default(),
        };
        Ok((self.sink, written))
    }

    /// Grows the cluster without leaving an unwiped copy behind.
    fn reserve(&mut self, more: usize) {
        if self.cluster.len() + more > self.cluster.capacity() {
            let mut larger = Vec::with_capacity((self.cluster.len() + more) * 2);
            larger.extend_from_slice(&self.cluster);
            self.cluster = Zeroizing::new(larger);
        }
    }

    fn flush_cluster(&mut self) -> Result<(), MatroskaError> {
        if self.cluster.is_empty() {
            return Ok(());
        }
        let mut timestamp = Vec::new();
        let start = self.cluster_start.as_millis() as u64;
        put_unsigned(&mut timestamp, id::CLUSTER_TIMESTAMP, start);
        let mut head = Vec::with_capacity(OVERHEAD);
        put_id(&mut head, id::CLUSTER);
        put_size(&mut head, (timestamp.len() + self.cluster.len()) as u64);
        head.extend_from_slice(&timestamp);
        self.sink.write_all(&head)?;
        self.sink.write_all(&self.cluster)?;
        self.written += (head.len() + self.cluster.len()) as u64;
        // Wipes the whole capacity and keeps it for the next cluster.
        self.cluster.zeroize();
        Ok(())
    }
}

fn header((width, height): (u32, u32), nominal: Duration) -> Vec<u8> {
    let mut ebml = Vec::new();
    put_unsigned(&mut ebml, id::EBML_VERSION, 1);
    put_unsigned(&mut ebml, id::EBML_READ_VERSION, 1);
    put_unsigned(&mut ebml, id::EBML_MAX_ID_LENGTH, 4);
    put_unsigned(&mut ebml, id::EBML_MAX_SIZE_LENGTH, 8);
    put(&mut ebml, id::DOC_TYPE, b"matroska");
    put_unsigned(&mut ebml, id::DOC_TYPE_VERSION, 4);
    put_unsigned(&mut ebml, id::DOC_TYPE_READ_VERSION, 2);

    let mut info = Vec::new();
    // Timestamps in milliseconds.
    put_unsigned(&mut info, id::TIMESTAMP_SCALE, 1_000_000);
    put(&mut info, id::MUXING_APP, b"qoltanba");
    put(&mut info, id::WRITING_APP, b"qoltanba");

    let mut video = Vec::new();
    put_unsigned(&mut video, id::PIXEL_WIDTH, width.into());
    put_unsigned(&mut video, id::PIXEL_HEIGHT, height.into());

    let mut track = Vec::new();
    put_unsigned(&mut track, id::TRACK_NUMBER, 1);
    put_unsigned(&mut track, id::TRACK_UID, 1);
    put_unsigned(&mut track, id::TRACK_TYPE, 1);
    put_unsigned(&mut track, id::FLAG_LACING, 0);
    put_unsigned(&mut track, id::DEFAULT_DURATION, nominal.as_nanos() as u64);
    put(&mut track, id::CODEC_ID, b"V_MJPEG");
    put(&mut track, id::VIDEO, &video);

    let mut tracks = Vec::new();
    put(&mut tracks, id::TRACK_ENTRY, &track);

    let mut out = Vec::new();
    put(&mut out, id::EBML, &ebml);
    put_id(&mut out, id::SEGMENT);
    // All ones: size unknown (RFC 8794 section 6.2).
    out.extend_from_slice(&[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    put(&mut out, id::INFO, &info);
    put(&mut out, id::TRACKS, &tracks);
    out
}

/// An identifier carries its length marker already.
fn put_id(out: &mut Vec<u8>, id: u32) {
    let bytes = id.to_be_bytes();
    let skip = (id.leading_zeros() / 8) as usize;
    out.extend_from_slice(&bytes[skip..]);
}

/// The shortest variable-size integer; all ones is kept for "unknown".
fn put_size(out: &mut Vec<u8>, size: u64) {
    let length = (1..8)
        .find(|length| size < (1u64 << (7 * length)) - 1)
        .unwrap_or(8);
    let marked = size | 1u64 << (7 * length);
    out.extend_from_slice(&marked.to_be_bytes()[8 - length as usize..]);
}

fn put(out: &mut Vec<u8>, id: u32, data: &[u8]) {
    put_id(out, id);
    put_size(out, data.len() as u64);
    out.extend_from_slice(data);
}

fn put_unsigned(out: &mut Vec<u8>, id: u32, value: u64) {
    let skip = (value.leading_zeros() / 8).min(7) as usize;
    put(out, id, &value.to_be_bytes()[skip..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_as_short_as_rfc_8794_allows() {
        let size = |n| {
            let mut out = Vec::new();
            put_size(&mut out, n);
            out
        };
        assert_eq!(size(0), [0x80]);
        assert_eq!(size(126), [0xfe]);
        // 0xff would mean "unknown".
        assert_eq!(size(127), [0x40, 0x7f]);
        assert_eq!(size(16_382), [0x7f, 0xfe]);
        assert_eq!(size(16_383), [0x20, 0x3f, 0xff]);
    }

    #[test]
    fn identifiers_keep_their_own_length() {
        let mut out = Vec::new();
        put_id(&mut out, id::SIMPLE_BLOCK);
        put_id(&mut out, id::TIMESTAMP_SCALE);
        assert_eq!(out, [0xa3, 0x2a, 0xd7, 0xb1]);
    }
}
