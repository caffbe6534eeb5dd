namespace ActorRing.Actors.Plans.Cost;

/// <summary>What is to be planned. A null choice is the planner's.</summary>
/// <param name="Model">The model.</param>
/// <param name="Hardware">Each GPU.</param>
/// <param name="Links">Between them.</param>
/// <param name="Gpus">How many.</param>
/// <param name="Tokens">S.</param>
/// <param name="Batch">Rows of a micro-batch, at most; groups may take fewer.</param>
/// <param name="Accumulation">Micro-batches of an update. Batch times accumulation rows make an update, over however many groups.</param>
/// <param name="Types">Element types.</param>
/// <param name="Mode">How sequences are spread.</param>
/// <param name="ZeroStage">What is sharded.</param>
/// <param name="Recompute">What backward computes again.</param>
/// <param name="Offload">What lives on the host.</param>
/// <param name="HostThreads">Host threads of each GPU.</param>
public sealed record PlanRequest(
    ModelCost Model,
    HardwareProfile Hardware,
    Interconnect Links,
    int Gpus,
    long Tokens,
    int Batch,
    int Accumulation,
    CostTypes Types,
    CostMode? Mode,
    int? ZeroStage,
    CostRecompute? Recompute,
    CostOffload? Offload,
    int HostThreads)
{
    /// <summary>Rows of one update.</summary>
    public long RowsPerUpdate => (long)Batch * Accumulation;
}

/// <summary>One setting with all that the model says of it.</summary>
/// <param name="Setting">The setting.</param>
/// <param name="Traffic">What a layer sends.</param>
/// <param name="Memory">What it takes.</param>
/// <param name="Time">How long an update takes.</param>
/// <param name="Fit">Whether it fits.</param>
public sealed record PlanCandidate(ParallelSetting Setting, TrafficCost Traffic, MemoryCost Memory, TimeCost Time, Fit Fit)
{
    /// <summary>Bytes that the busiest rank sends for its sequences in one update, ZeRO's collectives not counted.</summary>
    public double ExchangeBytesPerUpdate(ModelCost model) => (double)model.Layers * Setting.Accumulation * Traffic.LayerBytes(Setting.Recompute);

    /// <summary>Transfers of one update, likewise.</summary>
    public long HopsPerUpdate(ModelCost model) => (long)model.Layers * Setting.Accumulation * Traffic.LayerHops(Setting.Recompute);

    internal static PlanCandidate Of(PlanRequest request, ParallelSetting setting)
    {
        var memory = MemoryCost.Of(request.Model, setting);
        return new PlanCandidate(
            setting, TrafficCost.Of(request.Model, setting, request.Links), memory, TimeCost.Of(request.Model, setting, request.Hardware, request.Links),
            Fit.Of(memory, request.Hardware));
    }
}

/// <summary>The best that one mode can do.</summary>
/// <param name="Mode">The mode.</param>
/// <param name="Best">The fastest setting that fits, else the one that comes nearest to fitting; null where the mode has no legal setting.</param>
/// <param name="Problem">Why there is none; empty otherwise.</param>
public sealed record ModeOutcome(CostMode Mode, PlanCandidate? Best, string Problem);

/// <summary>A change of the request that makes it fit: tried, not guessed.</summary>
/// <param name="Description">What to change.</param>
/// <param name="Result">What the planner then chooses.</param>
public sealed record PlanChange(string Description, PlanCandidate Result);

/// <summary>The planner's answer.</summary>
/// <param name="Modes">Every mode that was asked for.</param>
/// <param name="Chosen">The fastest setting that fits; null where none does.</param>
/// <param name="Nearest">Where nothing fits, the setting that comes nearest; null otherwise, and where no setting is legal.</param>
/// <param name="Explanation">Sentences: why this one, why not each other.</param>
/// <param name="Changes">Where nothing fits, up to three changes that each make it fit, cheapest first.</param>
public sealed record PlanAnswer(
    IReadOnlyList<ModeOutcome> Modes, PlanCandidate? Chosen, PlanCandidate? Nearest, IReadOnlyList<string> Explanation, IReadOnlyList<PlanChange> Changes);
