//! A stream that is compressed either way (RFC 4978), flushed after each write.

use std::io::{self, Read, Write};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use super::scripted::Stream;

pub struct Deflated {
    below: Box<dyn Stream>,
    deflater: Compress,
    inflater: Decompress,
    incoming: Vec<u8>,
}

impl Deflated {
    pub fn over(below: Box<dyn Stream>) -> Deflated {
        Deflated {
            below,
            deflater: Compress::new(Compression::best(), false),
            inflater: Decompress::new(false),
            incoming: Vec::new(),
        }
    }
}

impl Read for Deflated {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let (consumed, produced) = (self.inflater.total_in(), self.inflater.total_out());
            self.inflater
                .decompress(&self.incoming, into, FlushDecompress::None)
                .map_err(|error| io::Error::other(format!("the client's compressed stream: {error}")))?;
            self.incoming.drain(..(self.inflater.total_in() - consumed) as usize);
            match (self.inflater.total_out() - produced) as usize {
                0 => {
                    let mut piece = [0; 4096];
                    match self.below.read(&mut piece)? {
                        0 => return Ok(0),
                        count => self.incoming.extend_from_slice(&piece[..count]),
                    }
                }
                count => return Ok(count),
            }
        }
    }
}

impl Write for Deflated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut out = Vec::with_capacity(bytes.len() + 1024);
        self.deflater.compress_vec(bytes, &mut out, FlushCompress::Sync)?;
        self.below.write_all(&out)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.below.flush()
    }
}
