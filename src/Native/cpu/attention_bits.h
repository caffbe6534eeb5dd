// The exact mask of one tile: a bit per row and key, and the hulls that say how much of the tile has to be computed at all.
#pragma once
#include "attention_tiles.h"

namespace actorring::cpu::AR_ISA {

constexpr int64_t kGroups = kRows / MR;              // groups of MR rows: what a register tile computes
constexpr int64_t kTilePanels = kTileKeys / kPanel;  // one word of bits per panel

struct TileBits {
  int64_t rows = 0, columns = 0;  // columns: the tile's keys rounded up to whole vectors
  bool masked = false;
  int32_t group_begin[kGroups], group_end[kGroups];          // columns that some row of the group sees, rounded out to whole vectors; else begin = end = 0
  int32_t panel_first[kTilePanels], panel_last[kTilePanels];  // rows, half open and in whole groups, that meet the panel by the columns above
  uint64_t bits[kRows][kTilePanels];                          // meaningful if masked

  M lanes_at(int64_t row, int64_t column) const { return lanes_of(bits[row][column / 64] >> (column % 64)); }
};

AR_INLINE void set_bits(uint64_t* bits, int64_t begin, int64_t end) {
  while (begin < end) {
    const int64_t stop = min(end, (begin / 64 + 1) * 64);
    bits[begin / 64] |= (~uint64_t{0} >> (64 - (stop - begin))) << (begin % 64);
    begin = stop;
  }
}

AR_INLINE void set_span(uint64_t* bits, Span span, const Tile& tile) {
  set_bits(bits, max(span.begin - tile.key, 0), min(span.end - tile.key, tile.count));
}

// The keys of a tile that a block row's list holds.
AR_INLINE void set_listed(uint64_t* bits, const KeyMask& keys, int64_t block_row, const Tile& tile) {
  const int64_t last = keys.block_column(tile.key + tile.count - 1);
  const int64_t stop = keys.mask->block_row_offsets[block_row + 1];
  for (int64_t i = keys.find_column(block_row, keys.block_column(tile.key)); i < stop && keys.mask->block_columns[i] <= last; i++) {
    const int64_t position = keys.mask->block_columns[i] * keys.mask->block_size;
    set_bits(bits, max(keys.key_at(position) - tile.key, 0), min(keys.key_at(position + keys.mask->block_size) - tile.key, tile.count));
  }
}

// First and one-past-last set bit, rounded out to whole vectors; 0, 0 if none is set.
AR_INLINE Span hull_of(const uint64_t* bits, int64_t words) {
  Span hull;
  for (int64_t word = 0; word < words; word++) {
    if (bits[word] == 0) continue;
    if (hull.end == 0) hull.begin = static_cast<int32_t>(word * 64 + __builtin_ctzll(bits[word]));
    hull.end = static_cast<int32_t>(word * 64 + 64 - __builtin_clzll(bits[word]));
  }
  hull.begin = hull.begin / W * W;
  hull.end = static_cast<int32_t>(round_up(hull.end, W));
  return hull;
}

static void fill_bits(const KeyMask& keys, int64_t row0, const Tile& tile, TileBits& out) {
  const int64_t words = round_up(tile.count, 64) / 64;
  uint64_t listed[kTilePanels] = {};
  int64_t block_row = -1;
  for (int64_t row = 0; row < out.rows; row++) {
    uint64_t* bits = out.bits[row];
    for (int64_t word = 0; word < words; word++) bits[word] = 0;
    set_span(bits, keys.rows[row0 + row].main, tile);
    set_span(bits, keys.rows[row0 + row].sink, tile);
    if (!keys.listed()) continue;
    if (keys.block_row(row0 + row) != block_row) {
      block_row = keys.block_row(row0 + row);
      for (int64_t word = 0; word < words; word++) listed[word] = 0;
      set_listed(listed, keys, block_row, tile);
    }
    for (int64_t word = 0; word < words; word++) bits[word] &= listed[word];
  }
}

static void describe_tile(const KeyMask& keys, int64_t row0, int64_t rows, const Tile& tile, TileBits& out) {
  const int64_t panels = round_up(tile.count, kPanel) / kPanel;
  out.rows = rows;
  out.columns = round_up(tile.count, W);
  out.masked = tile.masked;
  for (int64_t panel = 0; panel < panels; panel++) {
    out.panel_first[panel] = static_cast<int32_t>(tile.masked ? rows : 0);
    out.panel_last[panel] = static_cast<int32_t>(tile.masked ? 0 : rows);
  }
  if (tile.masked) fill_bits(keys, row0, tile, out);
  for (int64_t first = 0; first < rows; first += MR) {
    const int64_t last = min(first + MR, rows);
    Span hull{0, static_cast<int32_t>(out.columns)};
    if (tile.masked) {
      uint64_t any[kTilePanels] = {};
      for (int64_t row = first; row < last; row++) {
        for (int64_t panel = 0; panel < panels; panel++) any[panel] |= out.bits[row][panel];
      }
      hull = hull_of(any, panels);
      for (int64_t panel = hull.begin / kPanel; panel * kPanel < hull.end; panel++) {
        out.panel_first[panel] = static_cast<int32_t>(min(out.panel_first[panel], first));
        out.panel_last[panel] = static_cast<int32_t>(last);
      }
    }
    out.group_begin[first / MR] = hull.begin;
    out.group_end[first / MR] = hull.end;
  }
}

}  // namespace actorring::cpu::AR_ISA
