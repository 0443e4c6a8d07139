"""The layout of boxes and edges: nothing lies on anything else."""

from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.drawing.layout import placed


@st.composite
def graphs(draw):
    """Sizes of boxes, and edges from smaller numbers to larger ones, the same edge perhaps twice."""
    sizes = draw(st.lists(st.tuples(st.floats(5, 300), st.floats(5, 90)), min_size=1, max_size=14))
    n = len(sizes)
    if n == 1:
        return sizes, []
    lower = st.integers(1, n - 1).flatmap(lambda j: st.tuples(st.integers(0, j - 1), st.just(j)))
    edges = draw(st.lists(lower, max_size=25))
    return sizes, [(i, j, draw(st.floats(-0.5, 0.5)) * sizes[j][0]) for i, j in edges]


def overlap(a, b):
    """Whether two boxes have a point in common inside."""
    beside = abs(a.x - b.x) >= (a.width + b.width) / 2 - 1e-6
    return not (beside or a.y + a.height <= b.y + 1e-6 or b.y + b.height <= a.y + 1e-6)


@given(graphs())
def test_boxes_do_not_overlap(graph):
    spots = placed(*graph).spots
    assert not any(overlap(a, b) for i, a in enumerate(spots) for b in spots[:i])


@given(graphs())
def test_every_box_stands_above_what_uses_it_and_within_the_picture(graph):
    layout = placed(*graph)
    for i, j, _ in graph[1]:
        upper, lower = layout.spots[i], layout.spots[j]
        assert upper.y + upper.height <= upper.bottom + 1e-6 < lower.y
    for spot in layout.spots:
        assert -1e-6 <= spot.x - spot.width / 2 <= spot.x + spot.width / 2 <= layout.width + 1e-6
        assert 0 <= spot.y <= spot.y + spot.height <= layout.height + 1e-6


@given(graphs())
def test_an_edge_passes_beside_the_boxes_of_the_layers_on_its_way(graph):
    layout = placed(*graph)
    for (i, j, _), route in zip(graph[1], layout.routes, strict=True):
        assert route[0] is layout.spots[i]
        assert route[-1] is layout.spots[j]
        assert [spot.layer for spot in route] == list(range(route[0].layer, route[-1].layer + 1))
        for point in route[1:-1]:
            for spot in layout.spots:
                assert spot.layer != point.layer or abs(spot.x - point.x) > spot.width / 2


def test_a_chain_stands_in_a_column_and_an_argument_right_above_its_user():
    spots = placed([(10, 10)] * 5, [(0, 1, 0.0), (1, 2, 0.0), (2, 4, -2.0), (3, 4, 2.0)]).spots
    assert max(spot.x for spot in spots[:3]) - min(spot.x for spot in spots[:3]) < 1
    assert spots[2].x < spots[4].x < spots[3].x
    assert [spot.layer for spot in spots] == [0, 1, 2, 2, 3]
