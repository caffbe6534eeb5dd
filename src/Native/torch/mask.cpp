#include "mask.h"

#include <algorithm>
#include <vector>

namespace actorring::aten {
namespace {

int64_t document_of(const ar_attention_mask& mask, int64_t position) {
  return std::upper_bound(mask.document_starts, mask.document_starts + mask.document_count, position) - mask.document_starts - 1;
}

int64_t document_start(const ar_attention_mask& mask, int64_t position) {
  return mask.document_starts == nullptr ? 0 : mask.document_starts[document_of(mask, position)];
}

// Positions stay below 2^48; a sink that reaches beyond all of them must not overflow.
int64_t sink_end(const ar_attention_mask& mask, int64_t position) { return document_start(mask, position) + std::min(mask.sink, int64_t{1} << 60); }

Tile all_of(Tile a, Tile b) {
  if (a == Tile::Hidden || b == Tile::Hidden) return Tile::Hidden;
  return a == Tile::Full && b == Tile::Full ? Tile::Full : Tile::Partial;
}

Tile causal_tile(Positions q, Positions k) {
  if (k.first > q.last()) return Tile::Hidden;
  return k.last() <= q.first ? Tile::Full : Tile::Partial;
}

Tile window_tile(const ar_attention_mask& mask, Positions q, Positions k) {
  if (k.first > q.last() - mask.window) return Tile::Full;
  // Document starts rise with the query, so the last query has the most sinks behind it and the first the fewest.
  if (mask.sink > 0 && k.last() < sink_end(mask, q.first)) return Tile::Full;
  const bool no_sink = mask.sink == 0 || k.first >= sink_end(mask, q.last());
  return k.last() <= q.first - mask.window && no_sink ? Tile::Hidden : Tile::Partial;
}

Tile document_tile(const ar_attention_mask& mask, Positions q, Positions k) {
  const int64_t q_first = document_of(mask, q.first);
  const int64_t q_last = document_of(mask, q.last());
  const int64_t k_first = document_of(mask, k.first);
  const int64_t k_last = document_of(mask, k.last());
  if (k_last < q_first || k_first > q_last) return Tile::Hidden;
  return q_first == q_last && k_first == k_last && q_first == k_first ? Tile::Full : Tile::Partial;
}

Tile block_tile(const ar_attention_mask& mask, Positions q, Positions k) {
  const int64_t first_column = k.first / mask.block_size;
  const int64_t last_column = k.last() / mask.block_size;
  bool any = false;
  bool all = true;
  int64_t previous = -1;
  for (int64_t i = 0; i < q.count; i++) {
    const int64_t row = q.at(i) / mask.block_size;
    if (row == previous) continue;
    previous = row;
    const int64_t* begin = mask.block_columns + mask.block_row_offsets[row];
    const int64_t* end = mask.block_columns + mask.block_row_offsets[row + 1];
    const int64_t listed = std::upper_bound(begin, end, last_column) - std::lower_bound(begin, end, first_column);
    any = any || listed > 0;
    all = all && listed == last_column - first_column + 1;
  }
  if (!any) return Tile::Hidden;
  return all ? Tile::Full : Tile::Partial;
}

at::Tensor on_device(const std::vector<int64_t>& values, c10::Device place) {
  return at::from_blob(const_cast<int64_t*>(values.data()), {static_cast<int64_t>(values.size())}, at::TensorOptions().dtype(at::kLong)).clone().to(place);
}

template <class Function>
at::Tensor per_token(Positions tokens, c10::Device place, const Function& function) {
  std::vector<int64_t> values(static_cast<size_t>(tokens.count));
  for (int64_t i = 0; i < tokens.count; i++) values[static_cast<size_t>(i)] = function(tokens.at(i));
  return on_device(values, place);
}

// The distinct blocks that a run of tokens touches, and which of them each token lies in.
struct TouchedBlocks {
  TouchedBlocks(Positions tokens, int64_t block_size) {
    for (int64_t i = 0; i < tokens.count; i++) {
      const int64_t block = tokens.at(i) / block_size;
      if (blocks.empty() || blocks.back() != block) blocks.push_back(block);
      index.push_back(static_cast<int64_t>(blocks.size()) - 1);
    }
  }
  std::vector<int64_t> blocks;
  std::vector<int64_t> index;
};

at::Tensor unlisted(const ar_attention_mask& mask, Positions q, Positions k, c10::Device place) {
  const TouchedBlocks rows(q, mask.block_size);
  const TouchedBlocks columns(k, mask.block_size);
  std::vector<int64_t> table;
  for (int64_t row : rows.blocks) {
    const int64_t* begin = mask.block_columns + mask.block_row_offsets[row];
    const int64_t* end = mask.block_columns + mask.block_row_offsets[row + 1];
    for (int64_t column : columns.blocks) table.push_back(std::binary_search(begin, end, column) ? 0 : 1);
  }
  const at::Tensor pairs = on_device(table, place).to(at::kBool).view({static_cast<int64_t>(rows.blocks.size()), static_cast<int64_t>(columns.blocks.size())});
  return pairs.index_select(0, on_device(rows.index, place)).index_select(1, on_device(columns.index, place));
}

}  // namespace

Tile classify(const ar_attention_mask& mask, Positions q, Positions k) {
  Tile tile = Tile::Full;
  if (mask.causal != 0) tile = all_of(tile, causal_tile(q, k));
  if (tile != Tile::Hidden && mask.window > 0) tile = all_of(tile, window_tile(mask, q, k));
  if (tile != Tile::Hidden && mask.document_starts != nullptr) tile = all_of(tile, document_tile(mask, q, k));
  if (tile != Tile::Hidden && mask.block_row_offsets != nullptr) tile = all_of(tile, block_tile(mask, q, k));
  return tile;
}

at::Tensor hidden_pairs(const ar_attention_mask& mask, Positions q, Positions k, c10::Device place) {
  const auto integers = at::TensorOptions().dtype(at::kLong).device(place);
  const at::Tensor q_at = at::arange(q.count, integers).mul_(q.step).add_(q.first).unsqueeze(1);
  const at::Tensor k_at = at::arange(k.count, integers).mul_(k.step).add_(k.first).unsqueeze(0);
  const at::Tensor age = q_at - k_at;
  at::Tensor hidden = mask.causal != 0 ? age.lt(0) : at::zeros({q.count, k.count}, integers.dtype(at::kBool));
  if (mask.window > 0) {
    at::Tensor too_old = age.ge(mask.window);
    if (mask.sink > 0)
      too_old.logical_and_(k_at.ge(per_token(q, place, [&](int64_t position) { return sink_end(mask, position); }).unsqueeze(1)));
    hidden.logical_or_(too_old);
  }
  if (mask.document_starts != nullptr) {
    const auto document = [&](int64_t position) { return document_of(mask, position); };
    hidden.logical_or_(per_token(q, place, document).unsqueeze(1).ne(per_token(k, place, document).unsqueeze(0)));
  }
  if (mask.block_row_offsets != nullptr) hidden.logical_or_(unlisted(mask, q, k, place));
  return hidden;
}

Plain plain(const ar_attention_mask& mask, Positions q, Positions k) {
  if (classify(mask, q, k) == Tile::Full) return Plain::Full;
  if (mask.causal == 0 || q.first != k.first || q.step != k.step || q.count != k.count) return Plain::No;
  ar_attention_mask rest = mask;
  rest.causal = 0;
  return classify(rest, q, k) == Tile::Full ? Plain::Causal : Plain::No;
}

}  // namespace actorring::aten
