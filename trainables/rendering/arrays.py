"""The kinds of array that drawing needs."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]  # coordinates
Image = NDArray[np.uint8]  # [H, W, 3] RGB, or a mask [H, W]
Plane = NDArray[np.float32]  # [H, W] or [H, W, 3], before rounding to grey levels
