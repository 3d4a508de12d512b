import pytest
import torch

from rayzc.passes.replica import derivatives


def test_derivatives_are_zero_where_there_is_no_way_back() -> None:
    used, unused = (torch.tensor([2.0, 3.0], requires_grad=True) for _ in range(2))
    first, second = derivatives(used.square().sum(), [used, unused])
    assert first.tolist() == [4, 6]
    assert second.tolist() == [0, 0]
    assert [found.tolist() for found in derivatives(torch.ones(()), [used])] == [[0, 0]]
    assert derivatives(used.sum(), []) == []


@pytest.mark.parametrize("keep", [False, True])
def test_the_graph_is_kept_on_demand(keep: bool) -> None:
    weight = torch.tensor(3.0, requires_grad=True)
    output = weight.exp()
    (first,) = derivatives(output, [weight], keep=keep)
    if keep:
        assert derivatives(output, [weight])[0] == first
    else:
        with pytest.raises(RuntimeError, match="second time"):
            derivatives(output, [weight])
