using System.Diagnostics;
using ActorRing.Compute.Data;

namespace ActorRing.Compute.Specs.Data;

/// <summary>Ranks of one machine that open the same text at the same time.</summary>
public sealed class CorpusTurnSpec : IDisposable
{
    private const int Ranks = 4;
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Text_must_be_tokenised_by_one_when_several_open_it_at_once()
    {
        var path = _folder.Write("a.txt", string.Concat(Enumerable.Range(0, 5000).Select(i => $"line {i}\n")));
        var tokenizers = Enumerable.Range(0, Ranks).Select(_ => new Utf8Tokenizer(true)).ToArray();
        using var start = new Barrier(Ranks);
        var counts = await Task.WhenAll(tokenizers.Select(tokenizer => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                using var corpus = TokenizedCorpus.Open([path], Options(tokenizer));
                return corpus.TokenCount;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))).WaitAsync(Deadline);

        Assert.Single(counts.Distinct());
        Assert.Single(tokenizers, tokenizer => tokenizer.Calls > 0);
        Assert.Single(Directory.GetFiles(_folder.Cache));
    }

    [Fact]
    public async Task Text_must_be_tokenised_by_the_next_when_whoever_was_at_it_is_killed()
    {
        var path = _folder.Write("a.txt", "text");
        var options = Options(new Utf8Tokenizer(true));
        Directory.CreateDirectory(_folder.Cache);
        var tokens = Path.Combine(_folder.Cache, $"{CorpusCache.Key([(path, SourceFormat.Text)], options, default)}.tokens");
        using var first = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec 9>\"$0\"; flock 9; echo mine; exec sleep 600", CorpusCache.LockOf(tokens)]) { RedirectStandardOutput = true })!;
        Assert.Equal("mine", await first.StandardOutput.ReadLineAsync().WaitAsync(Deadline));
        var waits = new Waiting();
        var second = Task.Run(() =>
        {
            using var corpus = TokenizedCorpus.Open([path], options, waits);
            return corpus.TokenCount;
        });
        await waits.Seen.Task.WaitAsync(Deadline);
        Assert.False(second.IsCompleted);

        first.Kill();

        Assert.Equal(6, await second.WaitAsync(Deadline));
    }

    [Fact]
    public async Task Waiting_must_end_when_it_is_cancelled()
    {
        var path = _folder.Write("a.txt", "text");
        var options = Options(new Utf8Tokenizer(true));
        Directory.CreateDirectory(_folder.Cache);
        var tokens = Path.Combine(_folder.Cache, $"{CorpusCache.Key([(path, SourceFormat.Text)], options, default)}.tokens");
        using var other = File.Open(CorpusCache.LockOf(tokens), FileMode.Create, FileAccess.Write, FileShare.None);
        using var stop = new CancellationTokenSource();
        var waits = new Waiting();
        var opening = Task.Run(() => TokenizedCorpus.Open([path], options, waits, stop.Token));
        await waits.Seen.Task.WaitAsync(Deadline);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.WaitAsync(Deadline));
    }

    private CorpusOptions Options(Utf8Tokenizer tokenizer) => new(tokenizer.VocabularySize, _folder.Cache) { Tokenizer = tokenizer, TokenizerKey = "utf8" };

    private sealed class Waiting : IProgress<CorpusProgress>
    {
        internal TaskCompletionSource Seen { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Report(CorpusProgress value) => Seen.TrySetResult();
    }
}
