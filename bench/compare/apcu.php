<?php
/*
 * Measuring processes of PHP that share APCu's memory: the counterpart of worker.ts.
 *
 * Processes inherit the memory, so one process creates it and forks two that measure. They exchange
 * lines of JSON over a Unix socket. Their loops are like those of timed-loop.ts: the keys in lists,
 * one reading of the clock for each list.
 */

declare(strict_types=1);

const PROCESS_COUNT = 2;

function get_loop(array $chunks, int $endNs, string $value): array
{
    $count = 0;
    while (true) {
        foreach ($chunks as $chunk) {
            foreach ($chunk as $key) {
                $last = apcu_fetch($key);
            }
            $count += count($chunk);
            if (hrtime(true) >= $endNs) {
                return [$count, $last];
            }
        }
    }
}

function has_loop(array $chunks, int $endNs, string $value): array
{
    $count = 0;
    while (true) {
        foreach ($chunks as $chunk) {
            foreach ($chunk as $key) {
                $last = apcu_exists($key);
            }
            $count += count($chunk);
            if (hrtime(true) >= $endNs) {
                return [$count, $last];
            }
        }
    }
}

function set_loop(array $chunks, int $endNs, string $value): array
{
    $count = 0;
    while (true) {
        foreach ($chunks as $chunk) {
            foreach ($chunk as $key) {
                $last = apcu_store($key, $value);
            }
            $count += count($chunk);
            if (hrtime(true) >= $endNs) {
                return [$count, $last];
            }
        }
    }
}

function increment_loop(array $chunks, int $endNs, string $value): array
{
    $count = 0;
    while (true) {
        foreach ($chunks as $chunk) {
            foreach ($chunk as $key) {
                $last = apcu_inc($key);
            }
            $count += count($chunk);
            if (hrtime(true) >= $endNs) {
                return [$count, $last];
            }
        }
    }
}

const LOOPS = [
    'get string' => 'get_loop',
    'get bytes' => 'get_loop',
    'get object' => 'get_loop',
    'has' => 'has_loop',
    'set' => 'set_loop',
    'increment' => 'increment_loop',
];

function fill(array $workload): void
{
    $values = ['get object' => $workload['object'], 'increment' => 0];
    foreach ($workload['chunks'] as $operation => $chunks) {
        foreach (array_merge(...$chunks) as $key) {
            require_true(apcu_store($key, $values[$operation] ?? $workload['string']));
        }
    }
}

function check(array $workload): void
{
    $keyOf = function (string $operation) use ($workload): string {
        $chunks = $workload['chunks'][$operation];
        return end($chunks)[count(end($chunks)) - 1];
    };
    require_true(apcu_fetch($keyOf('get string')) === $workload['string']);
    require_true(apcu_fetch($keyOf('get bytes')) === $workload['string']);
    require_true(apcu_fetch($keyOf('get object')) === $workload['object']);
    require_true(apcu_exists($keyOf('has')));
    require_true(apcu_store($keyOf('set'), $workload['string']));
    $before = apcu_fetch($keyOf('increment'));
    require_true(apcu_inc($keyOf('increment')) === $before + 1);
}

function require_true(bool $answer): void
{
    if (!$answer) {
        throw new RuntimeException('APCu gave a wrong answer');
    }
}

function measure(array $workload, array $task): array
{
    $loop = LOOPS[$task['operation']];
    $chunks = $workload['chunks'][$task['operation']];
    $startNs = (int) $task['startAtNs'];
    usleep((int) max(0, ($startNs - 2_000_000 - hrtime(true)) / 1000));
    while (hrtime(true) < $startNs);
    $startedCpuMs = cpu_ms();
    $startedNs = hrtime(true);
    $endNs = $startedNs + (int) ($task['durationMs'] * 1e6);
    [$count] = $loop($chunks, $endNs, $workload['string']);
    $elapsedMs = (hrtime(true) - $startedNs) / 1e6;
    return ['callCount' => $count, 'elapsedMs' => $elapsedMs, 'cpuMs' => cpu_ms() - $startedCpuMs];
}

function cpu_ms(): float
{
    $usage = getrusage();
    $seconds = $usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec'];
    return $seconds * 1e3 + ($usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec']) / 1e3;
}

function serve(): void
{
    $connection = stream_socket_client('unix://' . getenv('BENCH_SOCKET'));
    $workload = json_decode(fgets($connection), true);
    while (($line = fgets($connection)) !== false) {
        $request = json_decode($line, true);
        $response = ['kind' => 'done'];
        if ($request['kind'] === 'measure') {
            $response = ['kind' => 'timing', 'timing' => measure($workload, $request['task'])];
        } elseif ($request['kind'] === 'fill') {
            fill($workload);
        } elseif ($request['kind'] === 'warm') {
            $keys = array_merge(...$workload['chunks'][$request['operation']]);
            LOOPS[$request['operation']]([$keys], 0, $workload['string']);
        } elseif ($request['kind'] === 'check') {
            check($workload);
        }
        fwrite($connection, json_encode($response) . "\n");
    }
}

for ($i = 0; $i < PROCESS_COUNT; $i++) {
    if (pcntl_fork() === 0) {
        serve();
        exit(0);
    }
}
while (pcntl_wait($status) > 0);
