#include "backend.h"
#include "tensors.h"

namespace actorring::backend {

using namespace actorring::aten;

void fill(ar_context& context, double value, const View& x) {
  run(context, [&](Context& self) { tensor(self, x).fill_(value); });
}

void copy(ar_context& context, const View& x, const View& y) {
  run(context, [&](Context& self) { tensor(self, y).copy_(tensor(self, x)); });
}

void add(ar_context& context, double alpha, const View& x, const View& y) {
  run(context, [&](Context& self) {
    const at::Tensor from = tensor(self, x);
    const at::Tensor to = tensor(self, y);
    chunks(x.shape[0], chunk_rows(self, x.count() / x.shape[0]), [&](int64_t first, int64_t count) {
      const at::Tensor part = to.narrow(0, first, count);
      part.copy_(at::add(float32(part), float32(from.narrow(0, first, count)), alpha));
    });
  });
}

double square_sum(ar_context& context, const View& x) {
  return run(context, [&](Context& self) {
    const at::Tensor flat = tensor(self, x).reshape({-1});
    const int64_t count = flat.size(0);
    // Chunks of a fixed size, each below what ATen would split over threads, added in order: the thread count cannot matter.
    const int64_t chunk = self.on_cpu() ? int64_t{1} << 14 : int64_t{1} << 24;
    const int64_t chunk_count = (count + chunk - 1) / chunk;
    const at::Tensor sums = at::empty({chunk_count}, at::TensorOptions().dtype(at::kDouble).device(self.place));
    const auto sum_chunks = [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const int64_t first = i * chunk;
        sums.select(0, i).copy_(flat.narrow(0, first, std::min(chunk, count - first)).to(at::kDouble).square_().sum());
      }
    };
    if (self.on_cpu())
      parallel(chunk_count, 1, sum_chunks);
    else
      sum_chunks(0, chunk_count);
    const at::Tensor host = sums.to(at::kCPU);
    double total = 0;
    for (int64_t i = 0; i < chunk_count; i++) total += host.data_ptr<double>()[i];
    return total;
  });
}

}  // namespace actorring::backend
