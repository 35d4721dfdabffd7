//! Paints the picture that tasks compute: its points, and beside each row who computed it.

use js_sys::Uint8ClampedArray;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData, Window};

use crate::app::PICTURE_ID;
use crate::insight::Picture;
use crate::insight::picture::{HEIGHT, WIDTH};
use crate::model::id::LaneId;

/// The width of the strip that says who computed a row, in points, with the gap before it.
const STRIP: usize = 8;
const GAP: usize = 2;

/// The set itself, then the bands around it.
const SHADES: [[u8; 3]; 16] = [
    [10, 12, 20],
    [16, 34, 74],
    [18, 48, 100],
    [20, 64, 126],
    [22, 82, 150],
    [28, 102, 170],
    [44, 124, 186],
    [70, 146, 198],
    [104, 168, 206],
    [142, 190, 210],
    [182, 208, 206],
    [218, 220, 190],
    [240, 216, 150],
    [250, 196, 100],
    [252, 168, 60],
    [214, 122, 44],
];
/// Okabe and Ito's colours, by the number of the worker.
const WORKERS: [[u8; 3]; 7] =
    [[86, 180, 233], [230, 159, 0], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167]];

/// Paints onto the page's canvas for pictures, if it is there.
pub fn paint(window: &Window, picture: &Picture) -> Option<()> {
    let canvas = window.document()?.get_element_by_id(PICTURE_ID)?.dyn_into::<HtmlCanvasElement>().ok()?;
    let width = WIDTH + GAP + STRIP;
    if (canvas.width() as usize, canvas.height() as usize) != (width, HEIGHT) {
        canvas.set_width(width as u32);
        canvas.set_height(HEIGHT as u32);
    }
    let mut points = vec![0_u8; 4 * width * HEIGHT];
    for (row, line) in points.chunks_mut(4 * width).enumerate() {
        let shades = &picture.shades[row * WIDTH..(row + 1) * WIDTH];
        for (point, shade) in line.chunks_mut(4).zip(shades) {
            set(point, shade.map(|shade| SHADES[usize::from(shade)]));
        }
        let worker = picture.rows[row].map(|lane| WORKERS[number(lane) % WORKERS.len()]);
        line[4 * (WIDTH + GAP)..].chunks_mut(4).for_each(|point| set(point, worker));
    }
    // A copy of its own: a browser takes no view of memory that is shared.
    let points = Uint8ClampedArray::from(&points[..]);
    let image = ImageData::new_with_js_u8_clamped_array(&points, width as u32).ok()?;
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.put_image_data(&image, 0.0, 0.0).ok()
}

/// Where nothing is known, the ground is seen.
fn set(point: &mut [u8], colour: Option<[u8; 3]>) {
    if let Some(colour) = colour {
        point[..3].copy_from_slice(&colour);
        point[3] = 255;
    }
}

fn number(lane: LaneId) -> usize {
    match lane {
        LaneId::Thread(number) | LaneId::Child(number) => number as usize,
        LaneId::Page | LaneId::Process | LaneId::Coroutine(_) => 0,
    }
}
