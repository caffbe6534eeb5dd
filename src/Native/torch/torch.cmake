# libar_torch: the same header over ATen. Built when libtorch is found (Debian's libtorch-dev, or a wheel through
# -DCMAKE_PREFIX_PATH=<site-packages>/torch); otherwise one line says so and nothing is defined. `find_package(Torch)` is not used: a missing glog, gflags or
# CUDA toolkit makes it fatal, and none is needed.
set(TORCH_HINTS ${CMAKE_PREFIX_PATH})
foreach(prefix ${CMAKE_PREFIX_PATH})
  list(APPEND TORCH_HINTS ${prefix}/../..) # torch.utils.cmake_prefix_path is <torch>/share/cmake
endforeach()
find_path(AR_TORCH_INCLUDE ATen/ATen.h HINTS ${TORCH_HINTS} PATH_SUFFIXES include)
find_library(AR_TORCH_CPU torch_cpu HINTS ${TORCH_HINTS} PATH_SUFFIXES lib)
find_library(AR_TORCH_C10 c10 HINTS ${TORCH_HINTS} PATH_SUFFIXES lib)
find_library(AR_TORCH_CUDA torch_cuda HINTS ${TORCH_HINTS} PATH_SUFFIXES lib)
find_library(AR_TORCH_C10_CUDA c10_cuda HINTS ${TORCH_HINTS} PATH_SUFFIXES lib)

if(NOT AR_TORCH_INCLUDE OR NOT AR_TORCH_CPU OR NOT AR_TORCH_C10)
  message(STATUS "libar_torch: not built, libtorch was not found (Debian: libtorch-dev libopenblas0-pthread)")
  return()
endif()

# A library with the other C++ ABI, or headers without their library, must not break the build: this small program has to link first.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_INCLUDES ${AR_TORCH_INCLUDE})
set(CMAKE_REQUIRED_LIBRARIES ${AR_TORCH_C10} -Wl,--allow-shlib-undefined)
check_cxx_source_compiles("
  #include <c10/core/Device.h>
  int main() { return c10::Device(std::string(\"cpu\")).is_cpu() ? 0 : 1; }" AR_TORCH_LINKS)
unset(CMAKE_REQUIRED_INCLUDES)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT AR_TORCH_LINKS)
  message(STATUS "libar_torch: not built, a program does not link with ${AR_TORCH_C10}")
  return()
endif()

# at::parallel_for lives in ATen's headers: compiled without OpenMP it silently runs on one thread.
find_package(OpenMP COMPONENTS CXX)
if(NOT OpenMP_CXX_FOUND)
  message(STATUS "libar_torch: not built, the compiler has no OpenMP")
  return()
endif()

add_library(ar_torch SHARED ${COMMON} torch/context.cpp torch/buffers.cpp torch/operators.cpp torch/products.cpp torch/elementwise.cpp torch/linear.cpp
  torch/layers.cpp torch/mask.cpp torch/tiles.cpp torch/flash.cpp torch/attention.cpp torch/loss.cpp torch/adamw.cpp)
target_include_directories(ar_torch PRIVATE include common torch)
target_include_directories(ar_torch SYSTEM PRIVATE ${AR_TORCH_INCLUDE} ${AR_TORCH_INCLUDE}/torch/csrc/api/include)
target_link_options(ar_torch PRIVATE -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/exports.map -Wl,--no-undefined)
# One translation unit: reading ATen's headers takes longer than compiling all of it.
set_target_properties(ar_torch PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0 LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/exports.map)
target_link_libraries(ar_torch PRIVATE ${AR_TORCH_CPU} ${AR_TORCH_C10} OpenMP::OpenMP_CXX Threads::Threads ${CMAKE_DL_LIBS})
if(AR_TORCH_CUDA AND AR_TORCH_C10_CUDA)
  # No symbol of these is called by name: being loaded registers the CUDA kernels, so the linker must not drop them.
  target_link_libraries(ar_torch PRIVATE -Wl,--no-as-needed ${AR_TORCH_CUDA} ${AR_TORCH_C10_CUDA} -Wl,--as-needed)
  message(STATUS "libar_torch: ${AR_TORCH_CPU} with CUDA")
else()
  message(STATUS "libar_torch: ${AR_TORCH_CPU}, CPU only")
endif()

set(CHECKS checks/torch_check.cpp checks/torch_check_attention.cpp)
# Every operation against plain float64 loops: torch_check [cuda]. The second program runs the same on a CPU after registering stand-ins for the GPU's fused
# attention and bf16 products, so that the code around those is run where no GPU is; in the third that attention is wrong, and must not be used.
add_executable(torch_check EXCLUDE_FROM_ALL ${CHECKS})
add_executable(torch_check_stand_ins EXCLUDE_FROM_ALL ${CHECKS} checks/torch_stand_ins.cpp)
add_executable(torch_check_broken EXCLUDE_FROM_ALL ${CHECKS} checks/torch_stand_ins.cpp)
target_compile_definitions(torch_check_broken PRIVATE AR_BREAK_STAND_INS)
foreach(check torch_check_stand_ins torch_check_broken)
  target_include_directories(${check} SYSTEM PRIVATE ${AR_TORCH_INCLUDE} ${AR_TORCH_INCLUDE}/torch/csrc/api/include)
  target_link_libraries(${check} PRIVATE ${AR_TORCH_CPU} ${AR_TORCH_C10})
endforeach()
foreach(check torch_check torch_check_stand_ins torch_check_broken)
  target_include_directories(${check} PRIVATE include)
  target_link_libraries(${check} PRIVATE ar_torch)
  target_link_options(${check} PRIVATE -Wl,--allow-shlib-undefined)
endforeach()
