// SPDX-License-Identifier: Apache-2.0
// Asio's own non-template code, compiled once: every other file sees declarations only.
#include <boost/asio/impl/src.hpp>
