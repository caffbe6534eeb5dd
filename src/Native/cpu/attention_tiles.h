// The tiles that a block of query rows has to visit: runs of key panels that at least one row sees, each with or without a mask.
#pragma once
#include "attention_mask.h"

namespace actorring::cpu::AR_ISA {

constexpr int64_t kRows = 192;      // most query rows of a block; blocks hold a multiple of every MR and of 2
constexpr int64_t kPanel = 64;      // keys that are skipped, or masked, together: a multiple of every NR
constexpr int64_t kTileKeys = 512;  // most keys of a tile

static_assert(kRows % MR == 0 && kRows % 2 == 0 && kPanel % NR == 0 && kTileKeys % kPanel == 0);

struct Tile {
  int64_t key = 0;      // the first key, a multiple of kPanel
  int64_t count = 0;    // keys; only the last tile of all may hold a part of a panel
  bool masked = false;  // false: every row sees every key
};

// What the rows [row, row + row_count) see between them, and what all of them see.
class BlockSight {
 public:
  BlockSight(const KeyMask& keys, int64_t row, int64_t row_count) : keys_(keys), row_(row), row_count_(row_count) {
    any_main_ = all_main_ = keys.rows[row].main;
    any_sink_ = all_sink_ = keys.rows[row].sink;
    for (int64_t i = row + 1; i < row + row_count; i++) {
      widen(any_main_, keys.rows[i].main);
      widen(any_sink_, keys.rows[i].sink);
      narrow(all_main_, keys.rows[i].main);
      narrow(all_sink_, keys.rows[i].sink);
    }
  }

  enum Sight { Hidden, Partial, Full };

  // Hidden is exact but for holes between rows; Full is exact. Partial is always right.
  Sight of(int64_t begin, int64_t end) const {
    if (!meets(any_main_, begin, end) && !meets(any_sink_, begin, end)) return Hidden;
    const Sight spans = holds(all_main_, begin, end) || holds(all_sink_, begin, end) ? Full : Partial;
    if (!keys_.listed()) return spans;
    const Sight list = of_list(begin, end);
    return list == Full ? spans : list;
  }

  // The keys outside which nothing is visible.
  Span hull() const {
    Span hull = any_main_;
    widen(hull, any_sink_);
    return hull;
  }

 private:
  static void widen(Span& span, Span other) {
    if (other.begin >= other.end) return;
    if (span.begin >= span.end) {
      span = other;
      return;
    }
    span.begin = other.begin < span.begin ? other.begin : span.begin;
    span.end = other.end > span.end ? other.end : span.end;
  }
  static void narrow(Span& span, Span other) {
    span.begin = other.begin > span.begin ? other.begin : span.begin;
    span.end = other.end < span.end ? other.end : span.end;
  }
  static bool meets(Span span, int64_t begin, int64_t end) { return span.begin < span.end && span.begin < end && span.end > begin; }
  static bool holds(Span span, int64_t begin, int64_t end) { return span.begin <= begin && span.end >= end; }

  Sight of_list(int64_t begin, int64_t end) const {
    const int64_t first = keys_.block_column(begin);
    const int64_t last = keys_.block_column(end - 1);
    int64_t previous = -1;
    bool some = false;
    bool all = true;
    for (int64_t row = row_; row < row_ + row_count_; row++) {
      const int64_t block_row = keys_.block_row(row);
      if (block_row == previous) continue;
      previous = block_row;
      const int64_t count = keys_.find_column(block_row, last + 1) - keys_.find_column(block_row, first);
      some = some || count > 0;
      all = all && count == last - first + 1;
      if (some && !all) return Partial;
    }
    return all ? Full : Hidden;
  }

  const KeyMask& keys_;
  int64_t row_, row_count_;
  Span any_main_, any_sink_, all_main_, all_sink_;
};

// Walks the tiles of a block of rows in ascending keys.
class TileWalk {
 public:
  TileWalk(const KeyMask& keys, int64_t row, int64_t row_count, int64_t tile_keys) : sight_(keys, row, row_count), k_count_(keys.k_count), tile_keys_(tile_keys) {
    const Span hull = sight_.hull();
    next_ = hull.begin / kPanel * kPanel;
    end_ = hull.end;
  }

  bool next(Tile& tile) {
    BlockSight::Sight sight = BlockSight::Hidden;
    for (; next_ < end_; next_ += kPanel) {
      sight = sight_.of(next_, min(next_ + kPanel, k_count_));
      if (sight != BlockSight::Hidden) break;
    }
    if (next_ >= end_) return false;
    tile.key = next_;
    tile.masked = false;
    int64_t end = next_;
    while (sight != BlockSight::Hidden && end < tile.key + tile_keys_) {
      // The last panel of all may be short: masked, so that nothing else has to know.
      tile.masked = tile.masked || sight == BlockSight::Partial || end + kPanel > k_count_;
      end += kPanel;
      if (end >= end_) break;
      sight = sight_.of(end, min(end + kPanel, k_count_));
    }
    next_ = end;
    tile.count = min(end, k_count_) - tile.key;
    return true;
  }

 private:
  BlockSight sight_;
  int64_t k_count_, tile_keys_;
  int64_t next_, end_;
};

}  // namespace actorring::cpu::AR_ISA
