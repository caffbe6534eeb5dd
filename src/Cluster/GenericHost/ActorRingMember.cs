using ActorRing.Cluster.Hosting.Engine;
using ActorRing.Cluster.Member;
using ActorRing.Cluster.Member.Work;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ActorRing.Cluster.GenericHost;

/// <summary>The member that this program hosts: joins when the program has started, and when it stops, finishes the step in hand, writes its part of a TrainingCheckpoint and leaves.</summary>
/// <remarks>
/// Leaving takes as long as a step and a TrainingCheckpoint; what <c>HostOptions.ShutdownTimeout</c> (30 s unless set) cuts short is a lost rank to the cluster, and
/// the job goes on from memory as after any loss. A failure of the member is one of this service: the host stops, unless its options say otherwise, and the process's exit
/// code is 1. A member that has ended does not come back in the same process. Its heartbeats need the thread pool: where all threads are blocked for most of a second, it is
/// shut out as silent.
/// </remarks>
public sealed partial class ActorRingMember : BackgroundService
{
    private readonly ActorRingOptions _options;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource<MemberRef> _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Made by the program's services, see <c>AddActorRing</c>.</summary>
    public ActorRingMember(IOptions<ActorRingOptions> options, IHostApplicationLifetime lifetime, ILogger<ActorRingMember> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _lifetime, _logger) = (options.Value, lifetime, logger);
    }

    /// <summary>Ends with who this member is when the seed has let it in; cancelled or failed if it ends before.</summary>
    public Task<MemberRef> Joined => _joined.Task;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var settings = ActorRingOptionsCheck.MemberOf(_options);
            await using var member = new MemberHost(ActorRingOptionsCheck.PlaceOf(_options), settings, new JobWork(Say, settings.TensorAddress), Say);
            await member.StartAsync(stoppingToken).ConfigureAwait(false);
            _joined.TrySetResult(member.Self);
            using var leaving = stoppingToken.Register(member.Drain);
            var end = await member.Ended.ConfigureAwait(false);
            if (!end.IsClean)
            {
                throw new InvalidOperationException($"the member {member.Self} has ended: {end.Reason}");
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            _joined.TrySetCanceled(stoppingToken); // stopped before the seed let it in
        }
        catch (Exception failure)
        {
            _joined.TrySetException(failure);
            Environment.ExitCode = Environment.ExitCode == 0 ? 1 : Environment.ExitCode; // whoever supervises the program learns of it
            throw;
        }

        if (_options.StopsHost)
        {
            _lifetime.StopApplication();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Line}")]
    private partial void Say(string line);
}
