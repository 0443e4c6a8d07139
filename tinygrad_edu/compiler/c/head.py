"""What every text in C begins with: types, macros, sums in NumPy's order."""

NARROW = """
#if defined __x86_64__ && !defined __clang__
#pragma GCC target("prefer-vector-width=128")
#endif
"""
CALLED = """
#define CALLED __attribute__((noinline))
#ifndef __clang__
#define ONE __attribute__((noinline, noclone))  /* GCC makes one for each number that it is given, else */
#endif
"""
HEAD = r"""
#include <stdint.h>
#define memcpy __builtin_memcpy  /* whose headers are long */
#define memset __builtin_memset
#define memcmp __builtin_memcmp
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
double pow(double, double);
typedef intptr_t word;
typedef void (*loop)(char **, const word *, const word *, void *);  /* NumPy's inner loops */
#define DATA(o) (*(char **)((char *)(o) + 16))  /* of an array of NumPy's */
#define ANSWER(f, k) ((void *(*)(long))(f))(k)  /* functions of Python's */
#define NUMBER(f, o) ((double (*)(void *))(f))(o)
#define ERROR(f) ((void *(*)(void))(f))()
#define SAVE(f) ((void *(*)(void))(f))()
#define RESTORE(f, state) ((void (*)(void *))(f))(state)
#define ALIGNED __attribute__((aligned(64)))
#ifndef CALLED
#define CALLED  /* each time in the place of a call, in a step of few numbers */
#endif
#ifndef ONE
#define ONE CALLED
#endif
#ifdef __clang__
#define IVDEP _Pragma("clang loop vectorize(assume_safety)")
#else
#define IVDEP _Pragma("GCC ivdep")
#endif
/* NaN stays, as in NumPy: by two choices, which are vectors in GCC; a condition of two parts is none. */
#define FIRST(a, is, b)                                                                   \
    ({ __auto_type x_ = (a); __auto_type y_ = (b); __typeof__(x_) z_ = x_ is y_ ? x_ : y_; \
       x_ == x_ ? z_ : x_; })
#define MAX(a, b) FIRST(a, >, b)
#define MIN(a, b) FIRST(a, <, b)
#define ABS(a) _Generic((a), float: __builtin_fabsf, default: __builtin_fabs)(a)
#define SQRT(a) _Generic((a), float: __builtin_sqrtf, default: __builtin_sqrt)(a)
#define FLOOR(a) _Generic((a), float: __builtin_floorf, default: __builtin_floor)(a)
#define CEIL(a) _Generic((a), float: __builtin_ceilf, default: __builtin_ceil)(a)
#define TRUNC(a) _Generic((a), float: __builtin_truncf, default: __builtin_trunc)(a)
#ifdef __FMA__
#define FMA(a, b, c) _Generic((a), float: __builtin_fmaf, default: __builtin_fma)(a, b, c)
#else
#define FMA(a, b, c) ((a) * (b) + (c))
#endif
/* A square of as many numbers as a vector has, turned: o[i * r + j] = a[j * s + i]. */
#ifdef __AVX512F__
#define SIDE(type) (64 / sizeof(type))
#else
#define SIDE(type) (32 / sizeof(type))
#endif
#ifdef __clang__
#define TURN(type, integer)                                                               \
CALLED static void turn_##type(const type *a, word s, type *o, word r) {                  \
    for (int i = 0; i < SIDE(type); i++)                                                  \
        for (int j = 0; j < SIDE(type); j++) o[i * r + j] = a[j * s + i];                 \
}
#else
#define UNROLLED _Pragma("GCC unroll 16") for (int i = 0; i <
/* Of two rows that are n apart, the later n of every 2 n numbers of the one are exchanged with the first n of
   the other; the places are constants, and the exchange an instruction, only if n is one. */
#define EXCHANGE(n)                                                                       \
    if (n < N) {                                                                          \
        places first, second;                                                             \
        UNROLLED N; i++) first[i] = i & n ? N + i - n : i;                                \
        UNROLLED N; i++) second[i] = i & n ? N + i : i + n;                               \
        UNROLLED N; i++) if (!(i & n)) {                                                  \
            const vector y = x[i], z = x[i + n];                                          \
            x[i] = __builtin_shuffle(y, z, first);                                        \
            x[i + n] = __builtin_shuffle(y, z, second);                                   \
        }                                                                                 \
    }
#define TURN(type, integer)                                                               \
CALLED static void turn_##type(const type *a, word s, type *o, word r) {                  \
    enum { N = SIDE(type) };                                                              \
    typedef type vector __attribute__((vector_size(N * sizeof(type))));                   \
    typedef integer places __attribute__((vector_size(N * sizeof(type))));                \
    vector x[N];                                                                          \
    UNROLLED N; i++) memcpy(&x[i], a + i * s, sizeof x[i]);                               \
    EXCHANGE(1) EXCHANGE(2) EXCHANGE(4) EXCHANGE(8)                                       \
    UNROLLED N; i++) memcpy(o + i * r, &x[i], sizeof x[i]);                               \
}
#endif
TURN(float, int32_t)
TURN(double, int64_t)
static double (*volatile power)(double, double) = pow;  /* as Python has it: none is folded by the compiler */
/* NumPy's pairwise sum of n numbers, that many apart. */
#define EIGHT(a) {(a)[0], (a)[s], (a)[2 * s], (a)[3 * s], (a)[4 * s], (a)[5 * s], (a)[6 * s], (a)[7 * s]}
#define SUM(name, type, apart)                                                            \
ONE static type name(const type *a, word n, word given) {                                 \
    typedef type eight __attribute__((vector_size(8 * sizeof(type))));                    \
    const word s = apart;                                                                 \
    type t = -0.0;                                                                        \
    word i = 0;                                                                           \
    if (n > 128) {                                                                        \
        word m = n / 2;                                                                   \
        m -= m % 8;                                                                       \
        return name(a, m, s) + name(a + m * s, n - m, s);                                 \
    }                                                                                     \
    if (n >= 8) {                                                                         \
        eight r = EIGHT(a);                                                               \
        for (i = 8; i < n - n % 8; i += 8) r += (eight)EIGHT(a + i * s);                  \
        t = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));            \
    }                                                                                     \
    for (; i < n; i++) {                                                                  \
        t += a[i * s];                                                                    \
        __asm__("");  /* no vectors, which would only take the compiler longer */         \
    }                                                                                     \
    return t;                                                                             \
}
SUM(sum_float, float, 1)
SUM(sum_double, double, 1)
SUM(sum_float_apart, float, given)
SUM(sum_double_apart, double, given)
/* The largest or smallest of n numbers, more than a vector has; the first NaN, if there is one. */
#define EXTREME(name, type, integer, is)                                                  \
ONE static type name(const type *a, word n) {                                             \
    enum { N = 64 / sizeof(type) };                                                       \
    typedef type vector __attribute__((vector_size(64)));                                 \
    typedef integer truths __attribute__((vector_size(64)));                              \
    vector r, x;                                                                          \
    truths stays, nans = {0};                                                             \
    memcpy(&r, a, sizeof r);                                                              \
    for (word i = 0; i < n; i += N) {                                                     \
        memcpy(&x, a + (i + N < n ? i : n - N), sizeof x);                                \
        nans |= x != x;                                                                   \
        stays = r is x;                                                                   \
        r = (vector)(((truths)r & stays) | ((truths)x & ~stays));                         \
    }                                                                                     \
    for (int k = 1; k < N; k++) {                                                         \
        nans[0] |= nans[k];                                                               \
        r[0] = r[0] is r[k] ? r[0] : r[k];                                                \
    }                                                                                     \
    for (word i = 0; i < n && nans[0]; i++) if (a[i] != a[i]) return a[i];                \
    return r[0];                                                                          \
}
EXTREME(maximum_float, float, int32_t, >)
EXTREME(maximum_double, double, int64_t, >)
EXTREME(minimum_float, float, int32_t, <)
EXTREME(minimum_double, double, int64_t, <)
"""
