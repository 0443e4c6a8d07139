"""Where a naive rule says NaN, or the wrong number, though the function has a derivative: zeros, ties,
the other branch of a where, repeated and empty arguments, singular matrices, equal singular values.
"""

FAMILIES = {
    "edges": """
        zero**2
        zero**3
        zero**1
        zero**0 + zero
        np.power(zero, 2.0)
        np.power(p, zero[0])
        np.square(zero)
        np.sinc(zero)
        np.i0(zero)
        np.tanh(zero)
        np.expm1(zero)
        np.log1p(zero)
        np.arctan2(zero, 1.0)
        np.hypot(zero, 1.0)
        np.abs(zero) ** 2
        np.abs(zero) ** 3
        np.sign(zero + 0.1) * zero
        np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0)
        np.where(hole != 0, np.sin(hole) / np.where(hole == 0, 1, hole), 1)
        np.prod(hole)
        np.prod(holes)
        np.prod(np.stack([hole, holes]), axis=1)
        np.cumprod(hole)
        np.multiply.reduce(holes)
        np.multiply.accumulate(hole)
        np.nanprod(hole)
        np.sum(np.sort(tied) ** 2)
        np.sum(np.cumsum(np.sort(tied)[::-1]) * 0 + tied)
        np.sum(np.maximum(x, x))
        np.maximum(tied, tied)
        np.minimum(zero, zero)
        np.fmax(tied, tied)
        np.hypot(x, x)
        np.logaddexp(x, x)
        np.logaddexp(zero, zero)
        np.arctan2(x, x)
        x - x
        x * x * x
        x / x
        np.where(mask, x, x)
        np.dot(x, x)
        np.outer(x, x)
        np.concatenate([x, x])
        np.einsum("i,i", x, x)
        np.linalg.norm(zero) ** 2
        np.linalg.norm(zero + 1)
        np.linalg.norm(hole, 1, keepdims=True) * 0 + np.sum(hole**2)
        np.linalg.norm(hole, 3)
        np.linalg.norm(np.stack([hole, holes]), axis=0, ord=2)[::2]
        np.var(zero)
        np.var(tied)
        np.var(zero + 3, ddof=1)
        np.std(zero) ** 2
        np.linalg.det(flat)
        np.linalg.det(flat * 0)
        np.linalg.det(np.outer(col, col))
        np.linalg.norm(turn, "nuc")
        np.sum(np.linalg.svd(turn, compute_uv=False) ** 2)
        r = np.linalg.svd(turn); (r[0] * r[1]) @ r[2]
        np.sum(np.linalg.eigvalsh(turn @ turn.T) ** 2)
        r = np.linalg.eigh(turn @ turn.T); (r[1] * r[0]) @ r[1].T
        np.linalg.inv(turn)
        np.linalg.pinv(turn)
        np.linalg.matrix_power(a, 0) * s
        np.linalg.matrix_power(flat, 2)
        np.linalg.matrix_power(a, 1)
        np.sum(one)
        np.max(one)
        np.var(one)
        np.median(one)
        np.sort(one)
        np.cumsum(one)
        np.linalg.norm(one)
        np.linalg.det(one[None])
        np.sum(none) + s
        np.prod(none) * s
        np.mean(np.concatenate([none, x]))
        np.cumsum(none)
        np.sort(none)
        np.dot(none, none) + s
        np.stack([none, none]) * s
        np.reshape(none, (0, 3)) @ col
        np.clip(x, None, 1.0)
        np.clip(x, -0.5, None)
        np.sum(x[[1, 1, 1]] ** 2)
        np.interp(up, up, y) * 0 + up
        np.interp(p, up, y, left=0.0, right=1.0)
        np.mod(-p, q)
        np.power(-p, 3)
        np.power(-p, 3.0)
        np.float_power(-p, 2)
        np.convolve(zero, x)
        np.quantile(tied, 1 / 3) * 0 + np.mean(tied)
        np.abs(z * 0) ** 2
        np.sqrt(x + 0j)
        np.log(x + 0j)
        np.power(x + 0j, 1.5)
    """
}
