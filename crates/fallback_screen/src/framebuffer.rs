//! Linux' framebuffer device (linux/fb.h): asked for its layout, written a whole frame at
//! a time.

use std::ffi::{c_int, c_ulong};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::canvas::Canvas;
use crate::pixels::{Channel, Layout, LayoutError, Reported};

const FBIOGET_VSCREENINFO: c_ulong = 0x4600;
const FBIOGET_FSCREENINFO: c_ulong = 0x4602;

#[derive(Debug, thiserror::Error)]
pub enum FramebufferError {
    #[error("the framebuffer cannot be opened: {0}")]
    Missing(io::Error),
    #[error("this is no framebuffer: {0}")]
    NotOne(io::Error),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error("the framebuffer cannot be written: {0}")]
    Write(io::Error),
}

/// `struct fb_bitfield`
#[repr(C)]
#[derive(Default)]
struct BitField {
    offset: u32,
    length: u32,
    msb_right: u32,
}

/// `struct fb_var_screeninfo`
#[repr(C)]
#[derive(Default)]
struct VariableInfo {
    xres: u32,
    yres: u32,
    xres_virtual: u32,
    yres_virtual: u32,
    xoffset: u32,
    yoffset: u32,
    bits_per_pixel: u32,
    grayscale: u32,
    colors: [BitField; 4],
    /// Timing, size in millimetres, rotation: of no use here.
    rest: [u32; 20],
}

/// `struct fb_fix_screeninfo`
#[repr(C)]
#[derive(Default)]
struct FixedInfo {
    id: [u8; 16],
    smem_start: c_ulong,
    smem_len: u32,
    kind: u32,
    kind_aux: u32,
    visual: u32,
    steps: [u16; 3],
    line_length: u32,
    mmio_start: c_ulong,
    mmio_len: u32,
    accelerator: u32,
    capabilities: u16,
    reserved: [u16; 2],
}

/// Sizes of linux/fb.h.
const _: () = assert!(size_of::<VariableInfo>() == 160);
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<FixedInfo>() == 80);

#[derive(Debug)]
pub struct Framebuffer(File);

impl Framebuffer {
    /// # Errors
    /// It is not there, or may not be opened.
    pub fn open(path: &Path) -> Result<Framebuffer, FramebufferError> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map(Framebuffer)
            .map_err(FramebufferError::Missing)
    }

    /// As it is now: a display that is plugged in changes it.
    ///
    /// # Errors
    /// Not a framebuffer, or one with a layout that is not known here.
    pub fn layout(&self) -> Result<Layout, FramebufferError> {
        let mut variable = VariableInfo::default();
        let mut fixed = FixedInfo::default();
        self.ask(FBIOGET_VSCREENINFO, &mut variable)?;
        self.ask(FBIOGET_FSCREENINFO, &mut fixed)?;
        let [red, green, blue, _] = &variable.colors;
        let channel = |field: &BitField| Channel {
            offset: field.offset,
            length: field.length,
        };
        Ok(Layout::try_from(Reported {
            width: variable.xres,
            height: variable.yres,
            left: variable.xoffset,
            top: variable.yoffset,
            bits_per_pixel: variable.bits_per_pixel,
            channels: [channel(red), channel(green), channel(blue)],
            line_length: fixed.line_length,
            memory: fixed.smem_len,
        })?)
    }

    /// # Errors
    /// Those of the device.
    pub fn show(&self, layout: &Layout, canvas: &Canvas) -> Result<(), FramebufferError> {
        self.0
            .write_all_at(&layout.pack(canvas), layout.start())
            .map_err(FramebufferError::Write)
    }

    fn ask<T>(&self, request: c_ulong, answer: &mut T) -> Result<(), FramebufferError> {
        // SAFETY: the descriptor is open as long as `self`; `answer` is a live structure of
        // the size that linux/fb.h gives the two requests above, of integers only.
        let outcome: c_int =
            unsafe { libc::ioctl(self.0.as_raw_fd(), request, std::ptr::from_mut(answer)) };
        match outcome {
            0 => Ok(()),
            _ => Err(FramebufferError::NotOne(io::Error::last_os_error())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_framebuffer_says_so() {
        let missing = Framebuffer::open(Path::new("/dev/no-framebuffer"));
        assert!(matches!(missing, Err(FramebufferError::Missing(_))));
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [Path::new("/dev/null"), file.path()] {
            let other = Framebuffer::open(path).unwrap().layout();
            assert!(matches!(other, Err(FramebufferError::NotOne(_))));
        }
    }
}
