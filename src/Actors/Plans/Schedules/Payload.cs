namespace ActorRing.Actors.Plans;

/// <summary>Forward or backward.</summary>
public enum SchedulePass
{
    /// <summary>Attention.</summary>
    Forward = 0,

    /// <summary>Its gradients.</summary>
    Backward = 1,
}

/// <summary>What a transfer carries of each of its rows. Shape letters: N query heads and K KV heads of the transfer, H head size.</summary>
public enum Payload
{
    /// <summary>k and v <c>[K, H]</c>, in the KV format.</summary>
    KeyValue = 0,

    /// <summary>Sums of dk and dv so far <c>[K, H]</c>, in the gradient format.</summary>
    KeyValueGradient = 1,

    /// <summary>q <c>[N, H]</c> for a helper, in the compute format.</summary>
    Query = 2,

    /// <summary>A helper's running state: out not yet divided <c>[N, H]</c>, row_max and row_sum <c>[N]</c>, float32.</summary>
    PartialOutput = 3,

    /// <summary>q and dout <c>[N, H]</c> in the compute format, lse and delta <c>[N]</c> in float32, for a helper.</summary>
    QueryAndOutputGradient = 4,

    /// <summary>A helper's dq <c>[N, H]</c>, in the gradient format.</summary>
    QueryGradient = 5,

    /// <summary>Tokens to heads, forward: q <c>[N, H]</c> in the compute format, k and v <c>[K, H]</c> in the KV format.</summary>
    HeadsIn = 6,

    /// <summary>Heads to tokens, forward: out <c>[N, H]</c> in the compute format, lse <c>[N]</c> in float32.</summary>
    HeadsOut = 7,

    /// <summary>Tokens to heads, backward: dout <c>[N, H]</c> in the compute format, lse and delta <c>[N]</c> in float32; q, k and v again as in
    /// <see cref="HeadsIn"/> unless the plan keeps them from forward.</summary>
    HeadGradientsIn = 8,

    /// <summary>Heads to tokens, backward: dq <c>[N, H]</c>, dk and dv <c>[K, H]</c>, in the gradient format. Who holds the tokens sums dk and dv over the
    /// senders of a KV head in ascending order.</summary>
    HeadGradientsOut = 9,
}
