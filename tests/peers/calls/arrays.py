"""What moves values about: shapes, indexing, building."""

FAMILIES = {
    "shapes": """
        np.reshape(m, (2, 6))
        np.reshape(m, (6, -1), order="F")
        np.ravel(m)
        np.ravel(m, order="F")
        np.transpose(t)
        np.transpose(t, (2, 0, 1))
        np.permute_dims(t, (1, 2, 0))
        np.matrix_transpose(t)
        np.swapaxes(t, 0, 1)
        np.moveaxis(t, 0, -1)
        np.moveaxis(t, (0, 1), (2, 0))
        np.rollaxis(t, 2)
        np.expand_dims(x, 1)
        np.expand_dims(x, (0, 2))
        np.squeeze(m[None, :, None])
        np.squeeze(m[None], axis=0)
        np.broadcast_to(x, (2, 5))
        np.broadcast_arrays(col[:, None], x)
        np.atleast_1d(s)
        np.atleast_2d(x)
        np.atleast_3d(m)
        np.flip(m)
        np.flip(m, axis=1)
        np.fliplr(m)
        np.flipud(m)
        np.rot90(m)
        np.rot90(m, 3)
        np.roll(m, 2)
        np.roll(m, (1, 2), axis=(0, 1))
        np.repeat(x, 3)
        np.repeat(m, 2, axis=1)
        np.repeat(x, [1, 0, 2, 1, 3])
        np.tile(x, 2)
        np.tile(m, (2, 3))
        np.concatenate([x, y])
        np.concatenate([m, n.T], axis=1)
        np.concatenate((m, pm), axis=None)
        np.stack([x, y])
        np.stack([x, y], axis=1)
        np.vstack([x, y])
        np.hstack([x, y])
        np.hstack([m, pm])
        np.dstack([x, y])
        np.column_stack([x, y])
        np.block([[a, b], [b, a]])
        np.split(m, 2, axis=1)
        np.split(x, [1, 3])
        np.array_split(x, 3)
        np.vsplit(n, 2)
        np.hsplit(m, 2)
        np.dsplit(t, 2)
        np.unstack(m)
        np.append(x, y)
        np.append(m, pm, axis=0)
        np.resize(x, (2, 4))
        np.insert(x, 2, s)
        np.insert(m, [0, 2], 1.5, axis=1)
        np.delete(x, 2)
        np.delete(m, [0, 3], axis=1)
        np.pad(x, 2)
        np.pad(m, ((1, 0), (0, 2)), constant_values=1.0)
        np.pad(x, 2, mode="edge")
        np.pad(m, 1, mode="reflect")
        np.pad(x, 3, mode="symmetric")
        np.pad(x, 3, mode="wrap")
        np.pad(m, 1, mode="linear_ramp", end_values=0.5)
        np.pad(x, 2, mode="mean")
        np.pad(x, 2, mode="maximum")
        np.astype(x, np.float64)
        np.copy(m)
        np.meshgrid(x, col)
        np.meshgrid(x, col, indexing="ij")
    """,
    "indexing": """
        x[2]
        x[-2:]
        x[::-2]
        m[1]
        m[:, 2]
        m[1, 2]
        m[..., 0]
        m[None, 1]
        x[[0, 0, 3]]
        x[i]
        m[[0, 2, 0], [1, 1, 1]]
        m[:, [3, 3, 0]]
        m[[[0], [2]], [0, 3]]
        x[mask]
        m[grid]
        m[m > 0]
        t[1, :, [0, 2]]
        np.take(x, i)
        np.take(m, [0, 0, 2], axis=1)
        np.take(x, [6, -7], mode="wrap")
        np.take_along_axis(m, np.array([[0, 0], [1, 3], [2, 0]]), axis=1)
        np.diagonal(a)
        np.diagonal(t, 1, 1, 2)
        np.linalg.diagonal(stack, offset=-1)
        np.choose([0, 1, 1, 0, 0], [x, y])
        np.select([x > 0.5, x > 0], [x * y, y], default=0.3)
        np.select([mask], [x], default=y)
        np.piecewise(x, [x < 0, x >= 0], [lambda v: v * v, lambda v: 3 * v])
        np.lib.stride_tricks.sliding_window_view(x, 3)
        np.apply_along_axis(lambda r: r * np.sum(r), 1, m)
        np.apply_over_axes(np.sum, t, [0, 2])
    """,
    "building": """
        np.diag(x)
        np.diag(a)
        np.diag(x, 1)
        np.diagflat(m[0])
        np.tril(a)
        np.triu(a, 1)
        np.tril(stack, -1)
        np.vander(x)
        np.vander(x, 3, increasing=True)
        np.linspace(s, p[1], 4)
        np.linspace(x, y, 3, axis=1)
        np.linspace(0, s, 5, endpoint=False)
        np.geomspace(p[0], p[1], 4)
        np.logspace(s, x[0], 4)
        np.logspace(0, s, 3, base=3.0)
        np.full_like(x, s)
        np.full_like(x, 2.0) * x
        np.ones_like(x) * x
        np.zeros_like(x) + x
        np.empty_like(x) * 0 + x
        np.outer(x, y)
        np.kron(a, b)
        np.kron(x, col)
        np.cross(col, b[0])
        np.cross(a, b)
        np.cross(a, b, axis=0)
        np.linalg.cross(a, b)
        np.linalg.outer(x, y)
        np.fromfunction(lambda r: r * 1.0, (5,)) * x
        np.array([s, 2.0, s * s])
        np.array([x, y])
        np.fix(x) * x
    """,
}
