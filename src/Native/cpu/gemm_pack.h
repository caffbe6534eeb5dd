// Copies of matrix blocks in the order in which gemm_tile.h reads them, converted to its units: floats stay, bf16 is widened to floats, or taken in pairs
// along K for the dot product. What a block lacks to a whole strip or panel, and an odd K to a pair, is zero.
#pragma once
#include "gemm_tile.h"
#include "transpose.h"

namespace actorring::cpu::AR_ISA {

enum Units { FLOATS, WIDENED, PAIRS };

AR_INLINE int64_t elements_per_unit(Units units) { return units == PAIRS ? 2 : 1; }
AR_INLINE int64_t bytes_per_element(Units units) { return units == FLOATS ? 4 : 2; }

// A matrix with dimensions (K, other), one of which is contiguous.
struct Operand {
  const std::byte* data;
  Units units;
  bool k_contiguous;
  int64_t stride_bytes;  // between neighbours along the other dimension
};

AR_INLINE F pair_up(const bf16* even, const bf16* odd, int64_t n) {
#if defined(AR_BF16_DOT)
  const __mmask16 mask = lanes(0, n);
  const __m512i low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, even));
  if (odd == nullptr) return _mm512_castsi512_ps(low);
  const __m512i high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, odd));
  return _mm512_castsi512_ps(_mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
#else
  (void)even, (void)odd, (void)n;
  return zero();
#endif
}

// W units that follow each other along K; only `elements` elements exist.
template <Units U>
AR_INLINE F load_along_k(const std::byte* p, int64_t elements) {
  const bool whole = elements >= W * elements_per_unit(U);
  if constexpr (U == FLOATS) {
    const float* x = reinterpret_cast<const float*>(p);
    return whole ? load(x) : load_first(x, elements);
  } else if constexpr (U == WIDENED) {
    const bf16* x = reinterpret_cast<const bf16*>(p);
    return whole ? load(x) : load_first(x, elements);
  } else {
    if (whole) return load(reinterpret_cast<const float*>(p));
    alignas(64) float padded[W] = {};
    std::memcpy(padded, p, static_cast<size_t>(elements * 2));
    return load(padded);
  }
}

// W units side by side, at one K; the K after it exists unless `last`; only n columns exist.
template <Units U>
AR_INLINE F load_across(const std::byte* p, int64_t stride_bytes, bool last, int64_t n) {
  if constexpr (U == FLOATS) {
    const float* x = reinterpret_cast<const float*>(p);
    return n >= W ? load(x) : load_first(x, n);
  } else if constexpr (U == WIDENED) {
    const bf16* x = reinterpret_cast<const bf16*>(p);
    return n >= W ? load(x) : load_first(x, n);
  } else {
    return pair_up(reinterpret_cast<const bf16*>(p), last ? nullptr : reinterpret_cast<const bf16*>(p + stride_bytes), min(n, W));
  }
}

// One panel of a B that lies along K: `columns` <= TC of them, `k_elements` elements along K.
template <Units U>
__attribute__((noinline)) static void pack_panel_along_k(const std::byte* from, int64_t stride_bytes, int64_t columns, int64_t k_elements, float* to) {
  const int64_t per_unit = elements_per_unit(U);
  const int64_t k_units = (k_elements + per_unit - 1) / per_unit;
  for (int64_t j = 0; j < TC; j += W) {
    for (int64_t k = 0; k < k_units; k += W) {
      const std::byte* corner = from + j * stride_bytes + k * per_unit * bytes_per_element(U);
      F block[W];
#pragma GCC unroll 16
      for (int i = 0; i < W; i++) __builtin_prefetch(corner + i * stride_bytes + 256, 0, 3);
#pragma GCC unroll 16
      for (int i = 0; i < W; i++) block[i] = j + i < columns ? load_along_k<U>(corner + i * stride_bytes, k_elements - k * per_unit) : zero();
      transpose(block);
      float* target = to + k * TC + j;
      if (k + W <= k_units) {
#pragma GCC unroll 16
        for (int i = 0; i < W; i++) store(target + i * TC, block[i]);
      } else {
        for (int i = 0; i < k_units - k; i++) store(target + i * TC, block[i]);
      }
    }
  }
}

// Panels of a B that lies across K, all of them row by row, as the hardware's prefetcher likes it: panel p starts at to + p * panel_floats.
template <Units U>
__attribute__((noinline)) static void pack_panels_across_k(const std::byte* from, int64_t stride_bytes, int64_t columns, int64_t k_elements,
    int64_t panel_floats, float* to) {
  const int64_t per_unit = elements_per_unit(U);
  for (int64_t k = 0; k * per_unit < k_elements; k++) {
    const std::byte* row = from + k * per_unit * stride_bytes;
    const bool last = k * per_unit + 1 >= k_elements;
    float* target = to + k * TC;
    for (int64_t column = 0; column < columns; column += TC) {
      if (columns - column >= TC) {
#pragma GCC unroll 8
        for (int64_t j = 0; j < TC; j += W) store(target + j, load_across<U>(row + (column + j) * bytes_per_element(U), stride_bytes, last, W));
      } else {
        for (int64_t j = 0; j < TC; j += W) {
          const int64_t n = columns - column - j;
          store(target + j, n > 0 ? load_across<U>(row + (column + j) * bytes_per_element(U), stride_bytes, last, n) : zero());
        }
      }
      target += panel_floats;
    }
  }
}

// A strip of A that lies along K: unit k of row i at to[k * TR + i]. May write up to W - TR floats beyond the strip.
template <Units U>
AR_INLINE void pack_strip_along_k(const std::byte* from, int64_t stride_bytes, int64_t rows, int64_t k_elements, float* to) {
  const int64_t per_unit = elements_per_unit(U);
  const int64_t k_units = (k_elements + per_unit - 1) / per_unit;
  for (int64_t k = 0; k < k_units; k += W) {
    const std::byte* corner = from + k * per_unit * bytes_per_element(U);
    F block[W];
#pragma GCC unroll 16
    for (int i = 0; i < W; i++) {
      block[i] = zero();
      if (i >= TR || i >= rows) continue;
      __builtin_prefetch(corner + i * stride_bytes + 256, 0, 3);
      block[i] = load_along_k<U>(corner + i * stride_bytes, k_elements - k * per_unit);
    }
    transpose(block);
    // Ascending, each store over what the one before wrote too much.
    if (k + W <= k_units) {
#pragma GCC unroll 16
      for (int i = 0; i < W; i++) store(to + (k + i) * TR, block[i]);
    } else {
      for (int i = 0; i < k_units - k; i++) store(to + (k + i) * TR, block[i]);
    }
  }
}

template <Units U>
__attribute__((noinline)) static void pack_strips_along_k(const std::byte* from, int64_t stride_bytes, int64_t rows, int64_t k_elements, int64_t strip_floats,
    float* to) {
  for (int64_t i = 0; i < rows; i += TR) pack_strip_along_k<U>(from + i * stride_bytes, stride_bytes, rows - i, k_elements, to + i / TR * strip_floats);
}

// The same of an A that lies across K.
template <Units U>
__attribute__((noinline)) static void pack_strips_across_k(const std::byte* from, int64_t stride_bytes, int64_t rows, int64_t k_elements,
    int64_t strip_floats, float* to) {
  const int64_t per_unit = elements_per_unit(U);
  const int64_t k_units = (k_elements + per_unit - 1) / per_unit;
  // Eight K at a visit: each strip is a page of its own, and so is each row that is read.
  for (int64_t group = 0; group < k_units; group += 8) {
    const int64_t end = min(group + 8, k_units);
    for (int64_t i = 0; i < rows; i += TR) {
      const std::byte* column = from + i * bytes_per_element(U);
      float* target = to + i / TR * strip_floats;
      if (i + W <= rows && end == group + 8 && end * per_unit <= k_elements) {
#pragma GCC unroll 8
        for (int64_t k = group; k < group + 8; k++) __builtin_prefetch(column + (k + 8) * per_unit * stride_bytes, 0, 3);
#pragma GCC unroll 8
        for (int64_t k = group; k < group + 8; k++) store(target + k * TR, load_across<U>(column + k * per_unit * stride_bytes, stride_bytes, false, W));
      } else {
        for (int64_t k = group; k < end; k++)
          store(target + k * TR, load_across<U>(column + k * per_unit * stride_bytes, stride_bytes, k * per_unit + 1 >= k_elements, min(rows - i, W)));
      }
    }
  }
}

}  // namespace actorring::cpu::AR_ISA
