// SPDX-License-Identifier: BSD-3-Clause
// Hands the cases to Google Benchmark, and what it finds to the report.
#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "bench/micro/micro.h"

namespace
{

constexpr int repetitions = 3;
constexpr double ns_per_s = 1e9;

// The case that is set up now. Google Benchmark calls a body several times.
class Stage
{
      public:
	explicit Stage(const micro_options &options) : kept(micro_begin())
	{
		state.options = &options;
		state.kept = kept;
	}

	~Stage()
	{
		leave();
		micro_end(kept);
	}

	bool enter(const micro_case &wanted)
	{
		if (state.micro == &wanted)
			return is_ready;
		leave();
		std::fprintf(stderr, "# %s\n", wanted.name);
		state.micro = &wanted;
		is_ready = wanted.setup(&state);
		return is_ready;
	}

	micro_state state{};

      private:
	void leave()
	{
		if (state.micro && is_ready && state.micro->teardown)
			state.micro->teardown(&state);
		state.micro = nullptr;
	}

	match_kept *kept;
	bool is_ready = false;
};

void measure(benchmark::State &timing, Stage &stage, const micro_case &micro,
	std::map<std::string, std::string> &notes)
{
	bool is_ready = stage.enter(micro);

	if (!is_ready) {
		notes[micro.name] = stage.state.note;
		timing.SkipWithError(stage.state.note);
		return;
	}
	while (timing.KeepRunningBatch(micro.batch))
		micro.run(&stage.state);
	notes[micro.name] = stage.state.note;
}

// Keeps the medians, in nanoseconds an operation: of the time that the processor was ours, so that others on the machine
// disturb less.
class Medians : public benchmark::BenchmarkReporter
{
      public:
	bool ReportContext(const Context &) override
	{
		return true;
	}

	void ReportRuns(const std::vector<Run> &runs) override
	{
		for (const Run &run : runs)
			if (!run.error_occurred && run.aggregate_name == "median")
				found[run.run_name.function_name] =
					run.GetAdjustedCPUTime() /
					benchmark::GetTimeUnitMultiplier(run.time_unit) * ns_per_s;
	}

	std::map<std::string, double> found;
};

bool is_wanted(const micro_case &micro, const char *filter)
{
	return !filter || std::strstr(micro.name, filter);
}

void register_case(const micro_case &micro, Stage &stage, std::map<std::string, std::string> &notes)
{
	auto *registered = benchmark::RegisterBenchmark(micro.name,
		[&micro, &stage, &notes](
			benchmark::State &timing) { measure(timing, stage, micro, notes); });

	registered->Repetitions(repetitions);
	if (micro.iterations)
		registered->Iterations(micro.iterations);
}

// A function's name, as Google Benchmark reports it, may have grown a suffix.
double find(const std::map<std::string, double> &found, const std::string &name)
{
	auto at = found.find(name);

	return at == found.end() ? -1 : at->second;
}

std::vector<micro_result> collect(const Medians &medians, Stage &stage,
	const std::map<std::string, std::string> &notes, const char *filter)
{
	std::vector<micro_result> results;

	for (size_t i = 0; i < micro_case_count; i++) {
		const micro_case &micro = micro_cases[i];
		micro_result result{&micro, -1, ""};

		if (!is_wanted(micro, filter))
			continue;
		if (micro.over) {
			double over = find(medians.found, micro.over);
			double under = find(medians.found, micro.under);

			if (over > 0 && under > 0)
				result.value = over / under;
			std::snprintf(result.note, sizeof(result.note), "%s, over %s", micro.over,
				micro.under);
		} else if (micro.batch) {
			auto note = notes.find(micro.name);

			result.value = find(medians.found, micro.name);
			if (result.value >= 0 && !std::strcmp(micro.unit, "s"))
				result.value /= ns_per_s;
			if (note != notes.end())
				std::snprintf(result.note, sizeof(result.note), "%s",
					note->second.c_str());
		} else {
			if (stage.enter(micro))
				result.value = stage.state.value;
			std::snprintf(result.note, sizeof(result.note), "%s", stage.state.note);
		}
		results.push_back(result);
	}
	return results;
}

const char *option(int argc, char **argv, const char *name)
{
	for (int i = 1; i + 1 < argc; i++)
		if (!std::strcmp(argv[i], name))
			return argv[i + 1];
	return nullptr;
}

} // namespace

int main(int argc, char **argv)
{
	std::map<std::string, std::string> notes;
	const char *filter = option(argc, argv, "--only");
	const char *json_path = option(argc, argv, "--json");
	micro_options options{option(argc, argv, "--rules"), option(argc, argv, "--commit")};
	Medians medians;
	Stage stage(options);

	if (!options.commit)
		options.commit = "unknown";
	benchmark::Initialize(&argc, argv);
	for (size_t i = 0; i < micro_case_count; i++)
		if (micro_cases[i].batch && is_wanted(micro_cases[i], filter))
			register_case(micro_cases[i], stage, notes);
	benchmark::RunSpecifiedBenchmarks(&medians);
	std::vector<micro_result> results = collect(medians, stage, notes, filter);
	return micro_report(results.data(), results.size(), &options,
		json_path ? json_path : "micro.json");
}
