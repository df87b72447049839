//! DEFLATE (RFC 4978): what passes is compressed. Memory is constant whatever the server sends, since what is inflated
//! goes straight to where it was asked for, never more than that.

#![forbid(unsafe_code)]

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::layer::{Layer, Read};
use crate::error::{Error, Result, imap_status::*};

/// So much compressed input is taken at once.
const COMPRESSED: usize = 16 * 1024;
/// So much is compressed at once.
const PLAIN: usize = 32 * 1024;
/// More compressed output than this is not made before some has left.
const OUTGOING: usize = 64 * 1024;
/// So much memory is written before it is inflated into.
const INFLATED: usize = 64 * 1024;

pub struct Deflate {
    below: Box<dyn Layer>,
    inflater: Decompress,
    incoming: Vec<u8>,
    /// So much of `incoming` has been inflated.
    taken: usize,
    /// The inflater filled all that it was given: it may hold more.
    has_more: bool,
    /// The server ended its stream.
    is_ended: bool,
    /// None while there is nothing to say: it is large, and a new one goes on where the last one was flushed.
    deflater: Option<Compress>,
    /// The deflater holds something back.
    is_dirty: bool,
    /// It is over: bytes pass as they are.
    is_off: bool,
    outgoing: Vec<u8>,
}

impl Deflate {
    /// `begun` has come already.
    pub fn over(below: Box<dyn Layer>, begun: Vec<u8>) -> Deflate {
        Deflate {
            below,
            inflater: Decompress::new(false),
            incoming: begun,
            taken: 0,
            has_more: false,
            is_ended: false,
            deflater: None,
            is_dirty: false,
            is_off: false,
            outgoing: Vec::new(),
        }
    }

    fn has_input(&self) -> bool {
        !self.is_ended && (self.has_more || self.taken < self.incoming.len())
    }

    /// Inflates what is here; 0: input is missing, or the stream has ended.
    fn inflate(&mut self, into: &mut [u8]) -> Result<usize> {
        if !self.has_input() {
            return Ok(0);
        }
        let (before_in, before_out) = (self.inflater.total_in(), self.inflater.total_out());
        let input = &self.incoming[self.taken..];
        let inflated = self.inflater.decompress(input, into, FlushDecompress::None);
        let status = inflated.map_err(|_| broken())?;
        let consumed = (self.inflater.total_in() - before_in) as usize;
        let count = (self.inflater.total_out() - before_out) as usize;
        self.taken += consumed;
        self.has_more = count == into.len();
        self.is_ended = status == Status::StreamEnd;
        if count == 0 && !self.is_ended && self.taken < self.incoming.len() {
            return Err(broken());
        }
        Ok(count)
    }

    fn read_some(&mut self, into: &mut [u8]) -> Result<Read> {
        if into.is_empty() {
            return Ok(Read::Bytes(0));
        }
        if self.is_off {
            let count = into.len().min(self.incoming.len() - self.taken);
            into[..count].copy_from_slice(&self.incoming[self.taken..self.taken + count]);
            self.taken += count;
            return if count > 0 { Ok(Read::Bytes(count)) } else { self.below.read(into) };
        }
        for has_asked in [false, true] {
            match self.inflate(into)? {
                0 if self.is_ended => return Ok(Read::End),
                0 if has_asked => break,
                0 => {}
                count => return Ok(Read::Bytes(count)),
            }
            // One look below: more than there is now is for the next turn.
            self.incoming.clear();
            self.taken = 0;
            match self.below.append(&mut self.incoming, COMPRESSED)? {
                Read::Bytes(_) => {}
                other => return Ok(other),
            }
        }
        Ok(Read::Blocked)
    }

    fn deflate(&mut self, mut bytes: &[u8], flush: FlushCompress) -> Result<()> {
        let deflater = self.deflater.get_or_insert_with(|| Compress::new(Compression::fast(), false));
        loop {
            self.outgoing.try_reserve(bytes.len() + 1024)?;
            let before = deflater.total_in();
            deflater.compress_vec(bytes, &mut self.outgoing, flush).map_err(|error| {
                Error::fatal(IMAP_ERR_INTERNAL, format!("what is to be sent cannot be compressed: {error}"))
            })?;
            bytes = &bytes[(deflater.total_in() - before) as usize..];
            if bytes.is_empty() && self.outgoing.len() < self.outgoing.capacity() {
                return Ok(());
            }
        }
    }

    /// Moves compressed bytes down. True: nothing is left.
    fn push(&mut self) -> Result<bool> {
        let mut sent = 0;
        while sent < self.outgoing.len() {
            match self.below.write(&self.outgoing[sent..])? {
                0 => break,
                count => sent += count,
            }
        }
        self.outgoing.drain(..sent);
        Ok(self.outgoing.is_empty())
    }
}

impl Layer for Deflate {
    fn below(&self) -> Option<&dyn Layer> {
        Some(&*self.below)
    }

    fn below_mut(&mut self) -> Option<&mut dyn Layer> {
        Some(&mut *self.below)
    }

    fn append(&mut self, buffer: &mut Vec<u8>, max: usize) -> Result<Read> {
        if self.is_off && !self.has_input() {
            return self.below.append(buffer, max);
        }
        let filled = buffer.len();
        let room = max.min(INFLATED);
        buffer.try_reserve(room)?;
        buffer.resize(filled + room, 0);
        let read = self.read_some(&mut buffer[filled..]);
        let count = if let Ok(Read::Bytes(count)) = read { count } else { 0 };
        buffer.truncate(filled + count);
        read
    }

    fn read(&mut self, into: &mut [u8]) -> Result<Read> {
        self.read_some(into)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.is_off {
            return if self.push()? { self.below.write(bytes) } else { Ok(0) };
        }
        if self.outgoing.len() >= OUTGOING && !self.push()? && self.outgoing.len() >= OUTGOING {
            return Ok(0);
        }
        let taken = &bytes[..bytes.len().min(PLAIN)];
        self.deflate(taken, FlushCompress::None)?;
        self.is_dirty = true;
        Ok(taken.len())
    }

    /// Whatever was written can be read by the server behind this.
    fn flush(&mut self) -> Result<bool> {
        if self.is_dirty {
            self.deflate(&[], FlushCompress::Sync)?;
            self.is_dirty = false;
        }
        Ok(self.push()? && self.below.flush()?)
    }

    fn end_compression(&mut self) {
        self.is_off = true;
        self.has_more = false;
        self.is_ended = false;
        self.deflater = None;
    }

    fn is_buffered(&self) -> bool {
        self.has_input() || self.below.is_buffered()
    }

    fn rest(&mut self) {
        if !self.has_input() {
            self.incoming = Vec::new();
            self.taken = 0;
        }
        if self.outgoing.is_empty() && !self.is_dirty {
            self.outgoing = Vec::new();
            self.deflater = None;
        }
        self.below.rest();
    }
}

fn broken() -> Error {
    Error::fatal(IMAP_ERR_PROTOCOL, "what the server sent compressed cannot be decompressed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::lent::Lent;

    fn deflated(text: &[u8], flush: FlushCompress) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + 100);
        Compress::new(Compression::best(), false).compress_vec(text, &mut out, flush).expect("compressed");
        out
    }

    /// A layer over this input, of which the first bytes came before it was there.
    fn over(input: &[u8], begun: usize) -> Deflate {
        let mut lent = Lent::default();
        lent.arrived(&input[begun..]).expect("memory");
        lent.ended();
        Deflate::over(Box::new(lent), input[..begun].to_vec())
    }

    fn all(layer: &mut Deflate, piece: usize) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            match layer.append(&mut all, piece)? {
                Read::End => return Ok(all),
                Read::Bytes(count) => assert!(count <= piece),
                Read::Blocked => {}
            }
        }
    }

    #[test]
    fn what_began_before_the_layer_goes_on_in_it() {
        let text = b"* 1 FETCH (FLAGS (\\Seen))\r\n".repeat(50);
        let input = deflated(&text, FlushCompress::Sync);
        for begun in 0..input.len() {
            assert_eq!(all(&mut over(&input, begun), 7).expect("inflated"), text);
        }
    }

    #[test]
    fn a_bomb_gives_no_more_than_is_asked_for() {
        let input = deflated(&vec![0; 20 << 20], FlushCompress::Sync);
        assert!(input.len() < 30_000);
        let mut layer = over(&input, 0);
        let (mut buffer, mut total) = (Vec::new(), 0);
        while let Read::Bytes(count) = layer.append(&mut buffer, 1 << 30).expect("inflated") {
            assert!(count <= INFLATED && layer.incoming.capacity() <= 2 * COMPRESSED);
            total += count;
            buffer.clear();
        }
        assert_eq!((total, buffer.capacity()), (20 << 20, INFLATED));
    }

    #[test]
    fn damage_is_an_error_and_an_end_is_an_end() {
        let text = b"* OK still here, and here, and here\r\n".repeat(9);
        let input = deflated(&text, FlushCompress::Sync);
        for length in 0..input.len() {
            let found = all(&mut over(&input[..length], 0), 1000).expect("a part");
            assert!(text.starts_with(&found));
        }
        assert_eq!(all(&mut over(b"\xff\xff\xff\xff", 0), 10).expect_err("damage").status, IMAP_ERR_PROTOCOL);
        // Behind the end of a stream there is nothing.
        let ended = [deflated(&text, FlushCompress::Finish), b"\r\n* OK injected\r\n".to_vec()].concat();
        assert_eq!(all(&mut over(&ended, 0), 1000).expect("a part"), text);
    }

    #[test]
    fn blocks_of_nothing_are_passed_over_a_piece_at_a_time() {
        let nothing = [0, 0, 0, 0xff, 0xff].repeat(20_000);
        let mut layer = over(&nothing, 0);
        let mut buffer = Vec::new();
        assert_eq!(layer.append(&mut buffer, 100).expect("nothing"), Read::Blocked);
        assert!(layer.is_buffered() && buffer.is_empty());
        assert_eq!(all(&mut layer, 100).expect("nothing"), b"");
    }

    #[test]
    fn commands_leave_whole_and_a_rested_layer_goes_on() {
        let mut layer = Deflate::over(Box::new(Lent::default()), Vec::new());
        let mut inflater = Decompress::new(false);
        for round in 0..50 {
            let line = format!("a{round} FETCH 1:* (FLAGS)\r\n");
            assert_eq!(layer.write(line.as_bytes()).expect("taken"), line.len());
            assert!(!layer.flush().expect("queued"));
            let sent = layer.lent().expect("queues").outgoing().to_vec();
            layer.lent().expect("queues").sent(sent.len());
            let mut plain = Vec::with_capacity(1000);
            inflater.decompress_vec(&sent, &mut plain, FlushDecompress::Sync).expect("inflated");
            assert_eq!(String::from_utf8_lossy(&plain), line);
            // Without anything to send nothing is sent.
            assert!(layer.flush().expect("nothing"));
            if round % 3 == 0 {
                layer.rest();
                assert!(layer.deflater.is_none());
            }
        }
    }

    #[test]
    fn what_has_no_room_below_is_not_taken() {
        let mut layer = Deflate::over(Box::new(Lent::default()), Vec::new());
        let mut noise = Vec::new();
        let mut seed = 1u32;
        noise.extend(
            std::iter::repeat_with(|| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .take(1 << 20),
        );
        let mut taken = 0;
        while let Ok(count @ 1..) = layer.write(&noise[taken..]) {
            taken += count;
        }
        assert!(taken < 300_000 && layer.outgoing.capacity() < 4 * OUTGOING, "{taken}");
    }
}
