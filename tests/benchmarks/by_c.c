/* One training step, and a whole epoch, of a perceptron, written by hand in C.

   What the compiler is raced with: the C that a careful programmer writes for one network, of constant sizes,
   in memory of its own, with no more passes than needed.  `by_c.py` puts definitions before this text:

     real, word_of_real, EXPONENT, MANTISSA   the floating-point type, and integers of its size
     B, PARAMETERS, CLASSES, FEATURES         sizes
     MEAN                                     1, or 1 / B: what the loss of a row is multiplied by
     TANH                                     whether the hidden units are tanh, not relu
     BLAS                                     multiplications of a product, above which it is BLAS'

   and after it the layers, one line each, and `one_step`.  Matrices are (inputs, outputs), row by row.  Large
   products are those of BLAS, whose function is handed over. */

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef void (*gemm)(int, int, int, int64_t, int64_t, int64_t, real, const real *, int64_t, const real *,
                     int64_t, real, real *, int64_t);
#define ALIGNED __attribute__((aligned(64)))
#define FMA(a, b, c) _Generic((a), float: __builtin_fmaf, default: __builtin_fma)(a, b, c)
#define RINT(a) _Generic((a), float: __builtin_rintf, default: __builtin_rint)(a)
#define SQRT(a) _Generic((a), float: __builtin_sqrtf, default: __builtin_sqrt)(a)
#define NARROW(n, m) ((m) < 8 && (n) >= 16)  /* outputs are no vector, inputs are */
#define FEW 16  /* terms of a sum that are written out, so that the loop around it becomes vectors */
#define UNROLLED(i, n) _Pragma("GCC unroll 16") for (int i = 0; i < n; i++)
#define LOG(a) _Generic((a), float: logf, default: log)(a)

static gemm multiply;
static real values[PARAMETERS] ALIGNED, slopes[PARAMETERS] ALIGNED;
static real mean[PARAMETERS] ALIGNED, square[PARAMETERS] ALIGNED;
static real inputs[B * FEATURES] ALIGNED;
static int64_t labels[B];
static int64_t count;

/* e^x = 2^k e^r, |r| ≤ ln 2 / 2, by Taylor's polynomial; without a call, so that it becomes vectors. */
static inline real exponential(real x) {
    const real most = EXPONENT * (real)0.69;
    x = x < -most ? -most : x > most ? most : x;
    real k = RINT(x * (real)1.4426950408889634);
    real r = FMA(k, (real)-0.693145751953125, x);
    r = FMA(k, (real)-1.42860682030941723212e-6, r);
    real p = sizeof(real) == 4 ? (real)(1.0 / 5040) : (real)(1.0 / 479001600);
    if (sizeof(real) == 8) {
        p = FMA(p, r, (real)(1.0 / 39916800));
        p = FMA(p, r, (real)(1.0 / 3628800));
        p = FMA(p, r, (real)(1.0 / 362880));
        p = FMA(p, r, (real)(1.0 / 40320));
        p = FMA(p, r, (real)(1.0 / 5040));
    }
    p = FMA(p, r, (real)(1.0 / 720));
    p = FMA(p, r, (real)(1.0 / 120));
    p = FMA(p, r, (real)(1.0 / 24));
    p = FMA(p, r, (real)(1.0 / 6));
    p = FMA(p, r, (real)0.5);
    p = FMA(p, r, (real)1);
    p = FMA(p, r, (real)1);
    union { word_of_real bits; real number; } power = {((word_of_real)k + EXPONENT) << MANTISSA};
    return p * power.number;
}

static inline real active(real x) {
#if TANH
    return 1 - 2 / (exponential(2 * x) + 1);
#else
    return x > 0 ? x : 0;
#endif
}

/* The slope of the activation where its value is y. */
static inline real slope_at(real y) {
#if TANH
    return 1 - y * y;
#else
    return y > 0 ? 1 : 0;
#endif
}

/* A sum of products, in sixteen sums side by side. */
static inline real dot(const real *restrict a, const real *restrict b, int n) {
    real t[16] = {0}, sum = 0;
    int k = 0;
    for (; k + 16 <= n; k += 16)
        for (int l = 0; l < 16; l++) t[l] = FMA(a[k + l], b[k + l], t[l]);
    for (int w = 8; w > 0; w /= 2)
        for (int l = 0; l < w; l++) t[l] += t[l + w];
    for (; k < n; k++) sum = FMA(a[k], b[k], sum);
    return sum + t[0];
}

/* A layer of N inputs and M outputs: forward, the gradients of its parameters, and that of its inputs. */
#define LAYER(name, N, M, HIDDEN, FIRST)                                                                         \
static void name##_forward(const real *restrict x, const real *restrict w, real *restrict h) {                   \
    const real *b = w + N * M;                                                                                   \
    if ((int64_t)B * N * M > BLAS) {                                                                             \
        multiply(101, 111, 111, B, M, N, 1, x, N, w, M, 0, h, M);                                                \
        for (int i = 0; i < B; i++)                                                                              \
            for (int j = 0; j < M; j++) {                                                                        \
                real z = h[i * M + j] + b[j];                                                                    \
                h[i * M + j] = HIDDEN ? active(z) : z;                                                           \
            }                                                                                                    \
        return;                                                                                                  \
    }                                                                                                            \
    if (NARROW(N, M)) {                                                                                          \
        real wT[M * N] ALIGNED;                                                                                  \
        for (int k = 0; k < N; k++)                                                                              \
            for (int j = 0; j < M; j++) wT[j * N + k] = w[k * M + j];                                            \
        for (int i = 0; i < B; i++)                                                                              \
            for (int j = 0; j < M; j++) {                                                                        \
                real z = dot(x + i * N, wT + j * N, N) + b[j];                                                   \
                h[i * M + j] = HIDDEN ? active(z) : z;                                                           \
            }                                                                                                    \
        return;                                                                                                  \
    }                                                                                                            \
    if (N <= FEW) {                                                                                              \
        for (int i = 0; i < B; i++)                                                                              \
            for (int j = 0; j < M; j++) {                                                                        \
                real z = b[j];                                                                                   \
                UNROLLED(k, N) z = FMA(x[i * N + k], w[k * M + j], z);                                           \
                h[i * M + j] = HIDDEN ? active(z) : z;                                                           \
            }                                                                                                    \
        return;                                                                                                  \
    }                                                                                                            \
    for (int i = 0; i < B; i++) {                                                                                \
        real t[M];                                                                                               \
        for (int j = 0; j < M; j++) t[j] = b[j];                                                                 \
        for (int k = 0; k < N; k++)                                                                              \
            for (int j = 0; j < M; j++) t[j] = FMA(x[i * N + k], w[k * M + j], t[j]);                            \
        for (int j = 0; j < M; j++) h[i * M + j] = HIDDEN ? active(t[j]) : t[j];                                 \
    }                                                                                                            \
}                                                                                                                \
static void name##_backward(const real *restrict x, const real *restrict w, const real *restrict d,              \
                            real *restrict g, real *restrict dx) {                                               \
    real *gb = g + N * M;                                                                                        \
    for (int j = 0; j < M; j++) gb[j] = 0;                                                                       \
    if ((int64_t)B * N * M > BLAS) {                                                                             \
        multiply(101, 112, 111, N, M, B, 1, x, N, d, M, 0, g, M);                                                \
        for (int i = 0; i < B; i++)                                                                              \
            for (int j = 0; j < M; j++) gb[j] += d[i * M + j];                                                   \
        if (FIRST) return;                                                                                       \
        multiply(101, 111, 112, B, N, M, 1, d, M, w, M, 0, dx, N);                                               \
        for (int i = 0; i < B * N; i++) dx[i] *= slope_at(x[i]);                                                 \
        return;                                                                                                  \
    }                                                                                                            \
    for (int k = 0; k < N * M; k++) g[k] = 0;                                                                    \
    real wT[M * N] ALIGNED;                                                                                      \
    if (NARROW(N, M)) {                                                                                          \
        for (int k = 0; k < N * M; k++) wT[k] = 0;                                                               \
        if (B <= FEW) {                                                                                          \
            for (int j = 0; j < M; j++)                                                                          \
                for (int k = 0; k < N; k++) {                                                                    \
                    real sum = 0;                                                                                \
                    UNROLLED(i, B) sum = FMA(d[i * M + j], x[i * N + k], sum);                                   \
                    wT[j * N + k] = sum;                                                                         \
                }                                                                                                \
        } else                                                                                                   \
            for (int i = 0; i < B; i++)                                                                          \
                for (int j = 0; j < M; j++)                                                                      \
                    for (int k = 0; k < N; k++) wT[j * N + k] = FMA(d[i * M + j], x[i * N + k], wT[j * N + k]);  \
        for (int k = 0; k < N; k++)                                                                              \
            for (int j = 0; j < M; j++) g[k * M + j] = wT[j * N + k];                                            \
    } else if (B <= FEW) {                                                                                       \
        for (int k = 0; k < N; k++)                                                                              \
            for (int j = 0; j < M; j++) {                                                                        \
                real sum = 0;                                                                                    \
                UNROLLED(i, B) sum = FMA(x[i * N + k], d[i * M + j], sum);                                       \
                g[k * M + j] = sum;                                                                              \
            }                                                                                                    \
    } else {                                                                                                     \
        for (int i = 0; i < B; i++)                                                                              \
            for (int k = 0; k < N; k++)                                                                          \
                for (int j = 0; j < M; j++) g[k * M + j] = FMA(x[i * N + k], d[i * M + j], g[k * M + j]);        \
    }                                                                                                            \
    for (int i = 0; i < B; i++)                                                                                  \
        for (int j = 0; j < M; j++) gb[j] += d[i * M + j];                                                       \
    if (FIRST) return;                                                                                           \
    for (int k = 0; k < N; k++)                                                                                  \
        for (int j = 0; j < M; j++) wT[j * N + k] = w[k * M + j];                                                \
    if (M <= FEW) {                                                                                              \
        for (int i = 0; i < B; i++)                                                                              \
            for (int k = 0; k < N; k++) {                                                                        \
                real sum = 0;                                                                                    \
                UNROLLED(j, M) sum = FMA(d[i * M + j], wT[j * N + k], sum);                                      \
                dx[i * N + k] = sum * slope_at(x[i * N + k]);                                                    \
            }                                                                                                    \
        return;                                                                                                  \
    }                                                                                                            \
    for (int i = 0; i < B; i++) {                                                                                \
        real t[N];                                                                                               \
        for (int k = 0; k < N; k++) t[k] = 0;                                                                    \
        for (int j = 0; j < M; j++)                                                                              \
            for (int k = 0; k < N; k++) t[k] = FMA(d[i * M + j], wT[j * N + k], t[k]);                           \
        for (int k = 0; k < N; k++) dx[i * N + k] = t[k] * slope_at(x[i * N + k]);                               \
    }                                                                                                            \
}

/* The loss of the scores z, which become its gradient. */
static real cross_entropy(real *restrict z, const int64_t *restrict y) {
    real total = 0, product = 1, sums[B] ALIGNED;
    for (int i = 0; i < B; i++) {
        real *row = z + i * CLASSES, top = row[0];
        for (int j = 1; j < CLASSES; j++) top = row[j] > top ? row[j] : top;
        for (int j = 0; j < CLASSES; j++) row[j] -= top;
        total -= row[y[i]];
    }
    for (int i = 0; i < B * CLASSES; i++) z[i] = exponential(z[i]);
    for (int i = 0; i < B; i++) {
        real s = 0;
        for (int j = 0; j < CLASSES; j++) s += z[i * CLASSES + j];
        sums[i] = s;
    }
    for (int i = 0; i < B; i++) {  /* a logarithm for every eight rows */
        product *= sums[i];
        if (i % 8 == 7 || i == B - 1) total += LOG(product), product = 1;
    }
    for (int i = 0; i < B; i++) sums[i] = MEAN / sums[i];
    for (int i = 0; i < B; i++) {
        for (int j = 0; j < CLASSES; j++) z[i * CLASSES + j] *= sums[i];
        z[i * CLASSES + y[i]] -= MEAN;
    }
    return total * MEAN;
}

/* begin, then step by step; or an epoch, of rows in an order. */
void begin(const real *parameters, gemm function) {
    multiply = function;
    memcpy(values, parameters, sizeof values);
    memset(mean, 0, sizeof mean);
    memset(square, 0, sizeof square);
    count = 0;
}

void batch(const real *x, const int64_t *y) {
    memcpy(inputs, x, sizeof inputs);
    memcpy(labels, y, sizeof labels);
}

static real one_step(void);

void epoch(const real *x, const int64_t *y, const int64_t *order, int64_t steps, real *losses) {
    for (int64_t s = 0; s < steps; s++, order += B) {
        for (int i = 0; i < B; i++) {
            for (int j = 0; j < FEATURES; j++) inputs[i * FEATURES + j] = x[order[i] * FEATURES + j];
            labels[i] = y[order[i]];
        }
        losses[s] = one_step();
    }
}
