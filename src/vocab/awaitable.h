#pragma once
// SPDX-License-Identifier: Apache-2.0
// What every function that waits returns. The only piece of Asio that rooms outside the edge see.
#include <boost/asio/awaitable.hpp>

namespace postseal {

template <class T>
using Awaitable = boost::asio::awaitable<T>;

}  // namespace postseal
