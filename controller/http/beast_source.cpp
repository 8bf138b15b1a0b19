// The parts of Beast and of Asio's TLS that the build compiles once instead of in every file.

#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
