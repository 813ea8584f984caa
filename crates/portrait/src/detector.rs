//! Finding faces: YuNet (OpenCV Zoo, 2023mar) through rten.
//!
//! It also finds upside-down and nearly black faces: that a face is found says
//! nothing about the quality of the picture.

use std::sync::Arc;

use rten::{Model, NodeId, RunOptions, ThreadPool, Value, ValueView};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::picture::{Picture, PictureError, Rect};
use crate::scale::Scaler;

/// Embedded, so that the program needs no file at run time.
pub static YUNET: &[u8] = include_bytes!("../models/face_detection_yunet_2023mar.onnx");

/// Cells of these sizes, in input pixels, each vote for a face.
const STRIDES: [usize; 3] = [8, 16, 32];
/// Two boxes that share more of their union than this are one face.
const SAME_FACE: f32 = 0.3;
/// Boxes considered at most: above this the picture is noise.
const MOST_CANDIDATES: usize = 400;

#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    #[error("the face model cannot be loaded: {0}")]
    Model(String),
    #[error("the face model failed: {0}")]
    Run(String),
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// How large the picture is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaceSize {
    /// 320x256: several times a second.
    Preview,
    /// 640x480: once, where it matters. Finds smaller faces.
    Recheck,
}

impl FaceSize {
    /// Width and height of the model's input, multiples of 32.
    fn input(self) -> (usize, usize) {
        match self {
            FaceSize::Preview => (320, 256),
            FaceSize::Recheck => (640, 480),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// In pixels; may reach beyond the picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FaceBox {
    pub left: f32,
    pub top: f32,
    pub width: f32,
    pub height: f32,
}

impl FaceBox {
    pub fn centre(&self) -> Point {
        Point {
            x: self.left + self.width / 2.0,
            y: self.top + self.height / 2.0,
        }
    }

    /// Shared area over joint area, 0..=1.
    fn overlap(&self, other: &FaceBox) -> f32 {
        let side = |a: f32, al: f32, b: f32, bl: f32| ((a + al).min(b + bl) - a.max(b)).max(0.0);
        let shared = side(self.left, self.width, other.left, other.width)
            * side(self.top, self.height, other.top, other.height);
        let joint = self.width * self.height + other.width * other.height - shared;
        if joint > 0.0 { shared / joint } else { 0.0 }
    }
}

/// A face in the pixels of the picture that was given.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Face {
    #[serde(rename = "box")]
    pub area: FaceBox,
    /// 0..=1
    pub score: f32,
    /// The person's right eye, left eye, tip of the nose, right and left corner
    /// of the mouth.
    pub points: [Point; 5],
}

impl Face {
    /// The same face in other pixels: `origin` becomes (0, 0), then all lengths
    /// are multiplied by `scale`.
    pub fn mapped(&self, origin: Point, scale: f32) -> Face {
        let map = |p: Point| Point {
            x: (p.x - origin.x) * scale,
            y: (p.y - origin.y) * scale,
        };
        let corner = map(Point {
            x: self.area.left,
            y: self.area.top,
        });
        Face {
            area: FaceBox {
                left: corner.x,
                top: corner.y,
                width: self.area.width * scale,
                height: self.area.height * scale,
            },
            score: self.score,
            points: self.points.map(map),
        }
    }
}

/// The output nodes of one stride.
struct Head {
    stride: usize,
    class: NodeId,
    object: NodeId,
    area: NodeId,
    points: NodeId,
}

/// YuNet with its buffers.
pub struct FaceDetector {
    model: Model,
    input: NodeId,
    heads: Vec<Head>,
    pool: Arc<ThreadPool>,
    scaler: Scaler,
    scaled: Picture,
    tensor: Zeroizing<Vec<f32>>,
    /// Faces below this score are not reported.
    lowest_score: f32,
}

impl FaceDetector {
    /// Faces below `lowest_score` (0..=1) are not reported.
    pub fn new(lowest_score: f32) -> Result<Self, DetectError> {
        let load = |e: &dyn std::fmt::Display| DetectError::Model(e.to_string());
        let model = Model::load_static_slice(YUNET).map_err(|e| load(&e))?;
        let node = |name: String| model.node_id(&name).map_err(|e| load(&e));
        let heads = STRIDES
            .iter()
            .map(|&stride| {
                Ok(Head {
                    stride,
                    class: node(format!("cls_{stride}"))?,
                    object: node(format!("obj_{stride}"))?,
                    area: node(format!("bbox_{stride}"))?,
                    points: node(format!("kps_{stride}"))?,
                })
            })
            .collect::<Result<_, DetectError>>()?;
        Ok(Self {
            input: node("input".into())?,
            heads,
            model,
            // One thread: a steady cost that leaves the other cores to the screen.
            pool: Arc::new(ThreadPool::with_num_threads(1)),
            scaler: Scaler::new(),
            scaled: Picture::placeholder(),
            tensor: Zeroizing::new(Vec::new()),
            lowest_score,
        })
    }

    /// The faces in `part` of a picture, best first.
    pub fn find(
        &mut self,
        picture: &Picture,
        part: Rect,
        size: FaceSize,
    ) -> Result<Vec<Face>, DetectError> {
        let part = picture.clamp(part).ok_or(PictureError::Empty)?;
        let (width, height) = size.input();
        let scale = self.fill_input(picture, part, (width, height))?;
        let mut found = self.run(width, height)?;
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(MOST_CANDIDATES);
        let mut faces: Vec<Face> = Vec::new();
        for face in found {
            if faces
                .iter()
                .all(|f| f.area.overlap(&face.area) <= SAME_FACE)
            {
                faces.push(face);
            }
        }
        let origin = Point {
            x: -(part.left as f32) * scale,
            y: -(part.top as f32) * scale,
        };
        for face in &mut faces {
            *face = face.mapped(origin, 1.0 / scale);
        }
        Ok(faces)
    }

    /// Wipes what is left of the last picture.
    pub fn forget(&mut self) {
        self.scaled = Picture::placeholder();
        self.tensor = Zeroizing::new(Vec::new());
        self.scaler.forget();
    }

    /// Scales the part into the top left of the input, black beyond it. Returns
    /// input pixels per source pixel.
    fn fill_input(
        &mut self,
        picture: &Picture,
        part: Rect,
        (width, height): (usize, usize),
    ) -> Result<f32, DetectError> {
        let scale = (width as f32 / part.width as f32).min(height as f32 / part.height as f32);
        let fit =
            |side: u32, most: usize| ((side as f32 * scale).round() as u32).clamp(1, most as u32);
        let (w, h) = (fit(part.width, width), fit(part.height, height));
        self.scaler
            .scale_into(picture, part, (w, h), &mut self.scaled)?;
        let plane = width * height;
        self.tensor.clear();
        self.tensor.resize(plane * 3, 0.0);
        let (blue, rest) = self.tensor.split_at_mut(plane);
        let (green, red) = rest.split_at_mut(plane);
        for (y, row) in self.scaled.rgb().chunks_exact(w as usize * 3).enumerate() {
            let line = y * width..y * width + w as usize;
            let (r, g, b) = (
                &mut red[line.clone()],
                &mut green[line.clone()],
                &mut blue[line],
            );
            for (x, pixel) in row.chunks_exact(3).enumerate() {
                r[x] = pixel[0].into();
                g[x] = pixel[1].into();
                b[x] = pixel[2].into();
            }
        }
        Ok(scale)
    }

    /// Every cell whose score suffices, in input pixels.
    fn run(&self, width: usize, height: usize) -> Result<Vec<Face>, DetectError> {
        let failed = |e: &dyn std::fmt::Display| DetectError::Run(e.to_string());
        let input = ValueView::from_shape([1, 3, height, width], self.tensor.as_slice())
            .map_err(|e| failed(&e))?;
        let outputs: Vec<NodeId> = self
            .heads
            .iter()
            .flat_map(|h| [h.class, h.object, h.area, h.points])
            .collect();
        let options = RunOptions::default().with_thread_pool(Some(self.pool.clone()));
        let values = self
            .model
            .run(vec![(self.input, input.into())], &outputs, Some(options))
            .map_err(|e| failed(&e))?;
        let values = values
            .into_iter()
            .map(floats)
            .collect::<Result<Vec<_>, _>>()?;
        let mut faces = Vec::new();
        for (head, outputs) in self.heads.iter().zip(values.chunks_exact(4)) {
            let [class, object, area, points] = outputs else {
                return Err(DetectError::Run("outputs missing".into()));
            };
            let (columns, rows) = (width / head.stride, height / head.stride);
            let cells = columns * rows;
            if class.len() != cells
                || object.len() != cells
                || area.len() != cells * 4
                || points.len() != cells * 10
            {
                return Err(DetectError::Run("outputs of another size".into()));
            }
            for cell in 0..cells {
                let score = (class[cell].clamp(0.0, 1.0) * object[cell].clamp(0.0, 1.0)).sqrt();
                if score >= self.lowest_score {
                    let at = Point {
                        x: (cell % columns) as f32,
                        y: (cell / columns) as f32,
                    };
                    faces.push(decode_cell(
                        at,
                        head.stride as f32,
                        score,
                        &area[cell * 4..cell * 4 + 4],
                        &points[cell * 10..cell * 10 + 10],
                    ));
                }
            }
        }
        Ok(faces)
    }
}

fn floats(value: Value) -> Result<Vec<f32>, DetectError> {
    let (_, data) = value
        .into_shape_vec::<f32, 3>()
        .map_err(|e| DetectError::Run(e.to_string()))?;
    Ok(data)
}

/// Box and points are offsets from the cell in cells; sizes are logarithms.
fn decode_cell(cell: Point, stride: f32, score: f32, area: &[f32], points: &[f32]) -> Face {
    let (x, y) = ((cell.x + area[0]) * stride, (cell.y + area[1]) * stride);
    let (width, height) = (area[2].exp() * stride, area[3].exp() * stride);
    let point = |i: usize| Point {
        x: (points[i * 2] + cell.x) * stride,
        y: (points[i * 2 + 1] + cell.y) * stride,
    };
    Face {
        area: FaceBox {
            left: x - width / 2.0,
            top: y - height / 2.0,
            width,
            height,
        },
        score,
        points: [point(0), point(1), point(2), point(3), point(4)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_decodes_to_box_and_points() {
        let cell = Point { x: 3.0, y: 2.0 };
        let points = [0.5; 10];
        let face = decode_cell(cell, 8.0, 0.9, &[0.5, 0.25, 0.0, 2f32.ln()], &points);
        assert_eq!(face.area.width, 8.0);
        assert!((face.area.height - 16.0).abs() < 1e-4);
        assert_eq!(face.area.centre().x, 28.0);
        assert!((face.area.centre().y - 18.0).abs() < 1e-4);
        assert_eq!(face.points[2], Point { x: 28.0, y: 20.0 });
    }

    #[test]
    fn overlap_of_half_shifted_boxes_is_a_third() {
        let a = FaceBox {
            left: 0.0,
            top: 0.0,
            width: 10.0,
            height: 10.0,
        };
        let b = FaceBox { left: 5.0, ..a };
        assert!((a.overlap(&b) - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(a.overlap(&FaceBox { left: 50.0, ..a }), 0.0);
    }

    #[test]
    fn a_grey_picture_has_no_face() {
        let picture = Picture::filled(300, 200, [128; 3]).unwrap();
        let mut detector = FaceDetector::new(0.5).unwrap();
        let faces = detector.find(&picture, picture.whole(), FaceSize::Recheck);
        assert_eq!(faces.unwrap(), []);
    }
}
