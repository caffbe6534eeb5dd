// Copies of matrix blocks in the order in which gemm_tile.h reads them, converted to its units: floats stay, bf16 is widened to floats, or taken in pairs along K
// for the dot product. What a block lacks to a whole strip or panel, and an odd K to a pair, is zero.
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

// One panel: `columns` <= NR columns, `k_elements` elements along K.
template <Units U>
__attribute__((noinline)) static void pack_panel(const std::byte* from, bool k_contiguous, int64_t stride_bytes, int64_t columns, int64_t k_elements, float* to) {
  const int64_t per_unit = elements_per_unit(U);
  const int64_t k_units = (k_elements + per_unit - 1) / per_unit;
  if (k_contiguous) {
    for (int64_t j = 0; j < NR; j += W) {
      for (int64_t k = 0; k < k_units; k += W) {
        const std::byte* corner = from + j * stride_bytes + k * per_unit * bytes_per_element(U);
        F block[W];
#pragma GCC unroll 16
        for (int i = 0; i < W; i++) block[i] = j + i < columns ? load_along_k<U>(corner + i * stride_bytes, k_elements - k * per_unit) : zero();
        transpose(block);
        float* target = to + k * NR + j;
        if (k + W <= k_units) {
#pragma GCC unroll 16
          for (int i = 0; i < W; i++) store(target + i * NR, block[i]);
        } else {
          for (int i = 0; i < k_units - k; i++) store(target + i * NR, block[i]);
        }
      }
    }
  } else {
    for (int64_t k = 0; k < k_units; k++) {
      const std::byte* row = from + k * per_unit * stride_bytes;
      // Each row is a page of its own to the hardware's prefetcher.
      __builtin_prefetch(row + 8 * per_unit * stride_bytes, 0, 3);
      __builtin_prefetch(row + 8 * per_unit * stride_bytes + 64, 0, 3);
      __builtin_prefetch(row + 8 * per_unit * stride_bytes + 128, 0, 3);
      __builtin_prefetch(row + 8 * per_unit * stride_bytes + 192, 0, 3);
      for (int64_t j = 0; j < NR; j += W) {
        const F units = j < columns ? load_across<U>(row + j * bytes_per_element(U), stride_bytes, k * per_unit + 1 >= k_elements, columns - j) : zero();
        store(to + k * NR + j, units);
      }
    }
  }
}

// Rows of A as they lie, K contiguous: row i at to + i * row_units.
template <Units U>
__attribute__((noinline)) static void pack_rows(const std::byte* from, int64_t stride_bytes, int64_t rows, int64_t padded_rows, int64_t k_elements, int64_t row_units, float* to) {
  const int64_t per_unit = elements_per_unit(U);
  const int64_t k_units = (k_elements + per_unit - 1) / per_unit;
  for (int64_t i = 0; i < padded_rows; i++) {
    for (int64_t k = 0; k < k_units; k += W) {
      const F units = i < rows ? load_along_k<U>(from + i * stride_bytes + k * per_unit * bytes_per_element(U), k_elements - k * per_unit) : zero();
      store(to + i * row_units + k, units);
    }
  }
}

// Strips of A whose rows are contiguous in memory: strip s at to + s * MR * k_units, unit k of its row i at [k * MR + i].
template <Units U>
__attribute__((noinline)) static void pack_strips(const std::byte* from, int64_t stride_bytes, int64_t rows, int64_t k_elements, float* to) {
  const int64_t per_unit = elements_per_unit(U);
  const int64_t k_units = (k_elements + per_unit - 1) / per_unit;
  for (int64_t k = 0; k < k_units; k++) {
    const std::byte* row = from + k * per_unit * stride_bytes;
    const bool last = k * per_unit + 1 >= k_elements;
    for (int64_t i = 0; i < rows; i += 16) __builtin_prefetch(row + 4 * per_unit * stride_bytes + i * bytes_per_element(U), 0, 3);
    float* target = to + k * MR;
    int64_t i = 0;
    for (; i + W <= rows; i += MR) {
      store_first(target, MR, load_across<U>(row + i * bytes_per_element(U), stride_bytes, last, W));
      target += MR * k_units;
    }
    for (; i < rows; i += MR) {
      store_first(target, MR, load_across<U>(row + i * bytes_per_element(U), stride_bytes, last, rows - i));
      target += MR * k_units;
    }
  }
}

}  // namespace actorring::cpu::AR_ISA
