// SPDX-License-Identifier: Apache-2.0
#include "face/cli/cli.h"

int main(int argc, char** argv) { return postseal::cli::run(argc, argv); }
