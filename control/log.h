// SPDX-License-Identifier: BSD-3-Clause
// Lines on stderr, which the service manager keeps. What comes from elsewhere can't break a line
// or reach a terminal's controls.
#pragma once

// "shunt-control: …", cut to about 1,000 bytes, bytes outside printable ASCII as \xNN.
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
