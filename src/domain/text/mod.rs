//! Foreign text made harmless on its way in, and our text on its way out.
